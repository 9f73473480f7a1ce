"""Packets that get lost on the way between processes of this machine: rules of iptables in chains of our own."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

HOOKS = ("INPUT", "OUTPUT")
ENVIRONMENT = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
MAX_PORTS = 15      # of one rule


def iptables(*words, check=True):
    done = subprocess.run(["iptables", "--wait", "10", *map(str, words)], capture_output=True, text=True, env=ENVIRONMENT)
    if check and done.returncode:
        raise AssertionError(f"iptables {' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.returncode == 0


def chain(hook):
    """Named after this folder, so that runs of two checkouts leave each other's alone."""
    return f"faults-{hashlib.sha256(str(Path(__file__).parent).encode()).hexdigest()[:8]}-{hook.lower()}"


def remove():
    """All rules of ours, also those of a run that was killed."""
    for hook in HOOKS:
        while iptables("-D", hook, "-j", chain(hook), check=False):
            pass
        iptables("-F", chain(hook), check=False)
        iptables("-X", chain(hook), check=False)


class Firewall:
    """For a `with`: drops what any of `rules` matches, (hook, words)."""

    def __init__(self, rules):
        self.rules = rules

    def __enter__(self):
        remove()
        try:
            for hook in HOOKS:
                iptables("-N", chain(hook))
            for hook, words in self.rules:
                iptables("-A", chain(hook), *words, "-j", "DROP")
            for hook in HOOKS:       # last, so that all rules hold from one moment on
                iptables("-I", hook, "-j", chain(hook))
        except AssertionError:
            remove()
            raise
        return self

    def __exit__(self, *_):
        remove()


def obstacle(*rules):
    """Why these rules can't be had here, in words; None if they can."""
    if os.geteuid() != 0:
        return "iptables needs root"
    if not shutil.which("iptables", path=ENVIRONMENT["PATH"]):
        return "iptables is not installed"
    try:
        with Firewall(rules):
            return None
    except AssertionError as error:
        return f"the kernel lacks what iptables needs ({error})"


# What rules match. Ports are lists of numbers.

def tcp(kind, ports):
    assert len(ports) <= MAX_PORTS
    return ["-p", "tcp", "-m", "multiport", kind, ",".join(map(str, ports))]


def around(ports, address=None):
    """Whatever comes to these ports of an address (all, if None) or from them."""
    if address is None:
        return [("INPUT", tcp("--ports", ports))]
    return [("INPUT", [side, address, *tcp("--ports", ports)]) for side in ("-s", "-d")]


def between(classid, ports):
    """Both directions between the processes of a class (see cgroups.py) and these ports."""
    own = ["-m", "cgroup", "--cgroup", str(classid)]
    return [("OUTPUT", own + tcp("--dports", ports)), ("INPUT", own + tcp("--sports", ports))]


def sometimes(probability, rules):
    return [(hook, words + ["-m", "statistic", "--mode", "random", "--probability", str(probability)])
            for hook, words in rules]
