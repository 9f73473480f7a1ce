"""Jars from Maven Central, pinned: the pom names what is wanted, the lock file has the SHA-256 of every jar."""

import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from .process import run
from .settings import HERE, Problem, cache_dir

COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
# Native libraries of other systems.
UNWANTED = ("osx", "windows", "aarch")


def java() -> str:
    """A Java 17: the one that the packages bring, else the one in the path."""
    for candidate in ("/usr/lib/jvm/java-17-openjdk-amd64/bin/java", shutil.which("java")):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise Problem("There is no java: run scripts/install-packages --servers.")


def lock_file(kind: str) -> pathlib.Path:
    return HERE / f"{kind}.sha256"


def home(kind: str) -> pathlib.Path:
    """The folder of what was fetched for this lock file. It exists only with verified content."""
    return cache_dir() / f"{kind}-{hashlib.sha256(lock_file(kind).read_bytes()).hexdigest()[:12]}"


def class_path(kind: str) -> str:
    return f"{home(kind)}/lib/*"


def digests(folder: pathlib.Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def differences(kind: str, folder: pathlib.Path) -> str:
    """The first few jars that are missing, too many, or not those of the lock file."""
    wanted = {name: digest for digest, name in map(str.split, lock_file(kind).read_text().splitlines())}
    found = digests(folder)
    wrong = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    return ", ".join(wrong[:5])


def resolve(kind: str, target: pathlib.Path) -> None:
    if not shutil.which("mvn"):
        raise Problem("There is no mvn to fetch jars with: run scripts/install-packages --servers.")
    run(["mvn", "-B", "-q", "-f", HERE / f"{kind}.pom.xml", f"-Dmaven.repo.local={cache_dir() / 'm2'}", COPY,
         "-DincludeScope=runtime", f"-DoutputDirectory={target}"])
    for path in target.iterdir():
        if any(word in path.name for word in UNWANTED):
            path.unlink()


def fetch(kind: str) -> bool:
    """Makes home(kind) exist; says whether anything was fetched. What is there already is verified again."""
    if home(kind).exists():
        if wrong := differences(kind, home(kind) / "lib"):
            raise Problem(f"Jars in {home(kind)} have changed since they were fetched: {wrong}; delete that folder and "
                          f"start again.")
        return False
    cache_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_dir(), prefix=f"{kind}-new-") as scratch:
        fetched = pathlib.Path(scratch) / "home"
        resolve(kind, fetched / "lib")
        if wrong := differences(kind, fetched / "lib"):
            raise Problem(f"What was fetched is not what {lock_file(kind).name} asks for: {wrong}; "
                          f"nothing of it is used.")
        fetched.rename(home(kind))
    return True


def write_lock(kind: str) -> int:
    """Resolves the pom anew and writes the lock file; returns the number of jars."""
    with tempfile.TemporaryDirectory() as scratch:
        resolve(kind, pathlib.Path(scratch) / "lib")
        found = digests(pathlib.Path(scratch) / "lib")
    lock_file(kind).write_text("".join(f"{digest}  {name}\n" for name, digest in found.items()))
    return len(found)


def archive(kind: str) -> pathlib.Path:
    """The AppCDS archive of loaded classes: it halves the CPU time of a start. It fits one build of Java only."""
    version = subprocess.run([java(), "-version"], capture_output=True, check=False).stderr
    return home(kind) / f"classes-{hashlib.sha256(version).hexdigest()[:8]}.jsa"


def quick_start_options(kind: str) -> list[str]:
    """Of every Java process: a simple collector, only the first compiler (both with CHAT4ALL_SERVERS_JIT=full, which
    takes more CPU at first and less later: for measurements), classes from the archive if it is there."""
    options = ["-XX:+UseSerialGC", "-Xshare:auto"]
    if os.environ.get("CHAT4ALL_SERVERS_JIT") != "full":
        options.append("-XX:TieredStopAtLevel=1")
    return options + ([f"-XX:SharedArchiveFile={archive(kind)}"] if archive(kind).exists() else [])


def record_classes(node) -> None:
    """Runs one node alone, up to healthy, and ends it: at its end Java writes the archive."""
    unfinished = archive(node.kind).with_suffix(".new")
    node.extra_options = [f"-XX:ArchiveClassesAtExit={unfinished}"]
    node.wipe()
    try:
        node.start()
        node.wait_healthy()
        node.process.stop(signal.SIGTERM, 60)
    finally:
        node.kill()
    if not unfinished.exists():
        raise Problem(f"Java wrote no archive of the classes of {node.kind}: {node.last_words()} (see {node.dir}).")
    unfinished.rename(archive(node.kind))
    node.wipe()
