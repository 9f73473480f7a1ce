"""PostgreSQL 15: one server, scram passwords, fsync on. It refuses to run as root, so root runs it as user postgres."""

import hashlib
import os
import pathlib
import pwd
import shutil
import signal

from . import tls
from .process import ended, run
from .server import Server
from .settings import ENV, Problem, run_dir

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")

SETTINGS = """\
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
fsync = on
max_connections = 100
shared_buffers = 64MB
log_line_prefix = '%m [%p] '
"""

# On the same port: a client chooses.
TLS_SETTINGS = """\
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
"""

FIRST_STATEMENTS = """\
CREATE ROLE {user} LOGIN CREATEDB PASSWORD '{password}';
CREATE DATABASE {database} OWNER {user};
"""


def runs_as_other() -> bool:
    return os.geteuid() == 0


def as_owner(command: list) -> list:
    """The command as the user who owns the data."""
    if not runs_as_other():
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]


def passable(folder: pathlib.Path) -> bool:
    """May user postgres walk to it?"""
    there = [parent for parent in (folder, *folder.parents) if parent.exists()]
    return all(parent.stat().st_mode & 0o001 for parent in there)


def data_dir(folder: pathlib.Path) -> pathlib.Path:
    """Inside the node's folder; as root below a closed folder, in one under /var/tmp named after it."""
    if not runs_as_other() or passable(folder):
        return folder / "data"
    name = hashlib.sha256(str(run_dir()).encode()).hexdigest()[:12]
    return pathlib.Path("/var/tmp") / f"chat4all-postgres-{name}" / "data"


class Postgres(Server):
    kind = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends the sessions, then writes a checkpoint

    def __init__(self, number: int, folder: pathlib.Path | None = None):
        super().__init__(number, folder)
        self.data = data_dir(self.dir)
        self.process.mark = f"-D {self.data} "

    @classmethod
    def fetch(cls, say) -> None:
        if not (PROGRAMS / "postgres").exists():
            raise Problem(f"There is no PostgreSQL 15 in {PROGRAMS}: run scripts/install-packages --servers.")

    def addresses(self) -> list[tuple[str, int]]:
        return [(ENV["POSTGRES_HOST"], int(ENV["POSTGRES_PORT"]))]

    def configure(self) -> None:
        host, port = self.addresses()[0]
        if not (self.data / "ready").exists():
            self.create()
        self.remove_stale_lock()
        text = SETTINGS.format(host=host, port=port)
        if tls.on():
            text += TLS_SETTINGS
            for name in ("server.crt", "server.key"):
                shutil.copy(tls.folder() / name, self.data / name)
                self.give_to_owner(self.data / name)
        (self.data / "postgresql.auto.conf").write_text(text)
        self.give_to_owner(self.data / "postgresql.auto.conf")

    def remove_stale_lock(self) -> None:
        """After a kill: where nobody reaps zombies, PostgreSQL takes the dead server's for a running one."""
        lock = self.data / "postmaster.pid"
        if lock.exists() and ended(int(lock.read_text().split()[0])):
            lock.unlink()

    def create(self) -> None:
        """A new cluster with the user and the database; the file `ready` is written when all of it was done."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True, mode=0o700)
        self.give_to_owner(self.data)
        password_file = self.data.parent / "first-password"
        password_file.touch(mode=0o600)
        password_file.write_text(ENV["POSTGRES_ADMIN_PASSWORD"])
        self.give_to_owner(password_file)
        try:
            run(as_owner([PROGRAMS / "initdb", "-D", self.data, "-A", "scram-sha-256", "-U", "postgres", "-E", "UTF8",
                          "--locale=C.UTF-8", f"--pwfile={password_file}", "--no-sync"]), cwd="/")
        finally:
            password_file.unlink()
        run(as_owner([PROGRAMS / "postgres", "--single", "-D", self.data, "postgres"]), cwd="/",
            input=FIRST_STATEMENTS.format(user=ENV["POSTGRES_USER"], password=ENV["POSTGRES_PASSWORD"],
                                          database=ENV["POSTGRES_DATABASE"]))
        (self.data / "ready").touch()

    @staticmethod
    def give_to_owner(path: pathlib.Path) -> None:
        if runs_as_other():
            owner = pwd.getpwnam("postgres")
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def command(self) -> list:
        # The last words keep the folder from being the end of the command line, where it could be another's beginning.
        return as_owner([PROGRAMS / "postgres", "-D", self.data, "-c", f"cluster_name={self.name}"])

    def problem(self) -> str:
        return "" if self.query("SELECT 1") == "1" else f"no answer on {self.address}"

    def detail(self) -> str:
        return f"fsync {self.query('SHOW fsync')}, {self.query('SELECT count(*) FROM pg_stat_activity')} processes"

    def query(self, sql: str) -> str:
        """The one value it selects, asked as the product's user; empty where there is no answer."""
        host, port = self.addresses()[0]
        verified = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(tls.ca_file())} if tls.on() else {}
        try:
            return run([PROGRAMS / "psql", "-h", host, "-p", str(port), "-U", ENV["POSTGRES_USER"],
                        "-d", ENV["POSTGRES_DATABASE"], "-Atqc", sql], timeout=5,
                       env={"PGPASSWORD": ENV["POSTGRES_PASSWORD"], "PGCONNECT_TIMEOUT": "2", **verified}).strip()
        except (Problem, OSError):
            return ""

    def wipe(self) -> None:
        super().wipe()
        shutil.rmtree(self.data.parent, ignore_errors=True)
