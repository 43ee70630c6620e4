"""The kernel's own means to hold a process: namespaces, Landlock, resource limits (Linux).

Sources: namespaces(7), user_namespaces(7), pid_namespaces(7), landlock(7), setrlimit(2),
capabilities(7). Each function says by its return value whether the protection holds.
"""

import ctypes
import os
import resource
import struct
from dataclasses import asdict, dataclass
from functools import cache

from .limits import Limits

_CLONE_NEWIPC, _CLONE_NEWUSER = 0x08000000, 0x10000000
_CLONE_NEWPID, _CLONE_NEWNET = 0x20000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 36, 38
_SIGKILL = 9
_CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h

# landlock(7): the system calls have one number on every architecture.
_LANDLOCK_CREATE, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1
_WRITE_FILE = 1 << 1
# Every way to change a file or a folder; to refer came with ABI 2, to truncate with ABI 3.
_CHANGES = {1: _WRITE_FILE | 0x1FF0, 2: 1 << 13, 3: 1 << 14}
_TCP = 0b11  # bind and connect, since ABI 4
_SCOPES = 0b11  # abstract sockets and signals of other domains, since ABI 6


@dataclass(frozen=True, slots=True)
class Isolation:
    """Which protections hold for each job on this machine, over and above the limits."""

    network: bool  # no network at all: a network namespace of its own, with nothing in it
    tcp: bool  # Landlock refuses TCP (the fallback where namespaces are forbidden)
    processes: bool  # a process namespace: nothing it starts can outlive it or see others
    counted: bool  # the number of its processes is limited
    files: bool  # Landlock: it cannot change, make or remove any file

    def describe(self) -> tuple[str, ...]:
        """One plain sentence for each protection, whether it holds or not."""
        return (
            "Network: none, in an empty namespace."
            if self.network
            else "Network: TCP is refused by Landlock; UDP is not."
            if self.tcp
            else "Network: NOT cut off; this kernel allows neither namespaces nor Landlock here.",
            "Processes: all die with their job, in a namespace of their own."
            if self.processes
            else "Processes: killed by group; one that leaves its group can OUTLIVE its job.",
            "Number of processes: limited."
            if self.counted
            else "Number of processes: NOT limited (root is exempt, and so is Linux before 5.14).",
            "Files: read only, by Landlock."
            if self.files
            else "Files: NOT protected from writing; this kernel has no Landlock.",
        )


_STARTED_BY_ROOT = os.geteuid() == 0  # asked before a user namespace hides it
_held: Isolation | None = None  # what holds for this process, set once by `hold`


def report_isolation() -> dict[str, bool]:
    """Return the protections of this process, as plain values (a task for the sandbox)."""
    return asdict(_held or Isolation(*[False] * 5))


def parse_isolation(value: dict[str, bool]) -> Isolation:
    """Read what `report_isolation` returns."""
    return Isolation(**value)


def hold(limits: Limits, *, network: bool, processes: bool) -> None:
    """Give up, for good, everything that a decoder does not need."""
    global _held  # noqa: PLW0603  # set once, in a process that lives for one job
    counted = processes and _processes_are_counted()
    forbid_tracing(forbid=False)  # its keeper's business; it may look at itself
    _die_with_parent()
    _apply_limits(limits, counted=counted)
    _drop_privileges()
    version = _landlock_version()
    locked = _lock_files(version)
    _held = Isolation(network, locked and version >= 4, processes, counted, locked)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _unshare(flags: int) -> bool:
    return int(_libc().unshare(flags)) == 0


def leave_network() -> bool:
    """Move this process into a new user namespace with an empty network and its own IPC."""
    private = _CLONE_NEWNET | _CLONE_NEWIPC
    return _unshare(_CLONE_NEWUSER | private) or _unshare(private)


def adopt_orphans() -> None:
    """Be the parent of every descendant whose own parent dies."""
    _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def forbid_tracing(*, forbid: bool = True) -> None:
    """Let no process of the same user read or change this one's memory (ptrace(2))."""
    _libc().prctl(_PR_SET_DUMPABLE, 0 if forbid else 1, 0, 0, 0)


def begin_process_namespace() -> bool:
    """Let the next child be process 1 of a new namespace: when it dies, the kernel kills the rest.

    The user namespace of its own gives it its own count for RLIMIT_NPROC.
    """
    return _unshare(_CLONE_NEWUSER | _CLONE_NEWPID) or _unshare(_CLONE_NEWPID)


def _processes_are_counted() -> bool:
    """Whether RLIMIT_NPROC counts by user namespace (Linux 5.14), and root is exempt."""
    release = os.uname().release.split(".")
    newer = (int(release[0]), int(release[1].split("-")[0])) >= (5, 14)
    return newer and not _STARTED_BY_ROOT


def _die_with_parent() -> None:
    """Ask for SIGKILL when the parent goes."""
    _libc().prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)


def _drop_privileges() -> None:
    """Give up every capability, and the power to gain any by executing a program."""
    libc = _libc()
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.capset(struct.pack("<Ii", _CAPABILITY_VERSION_3, 0), bytes(24))


def _landlock_version() -> int:
    """The version of Landlock's interface; 0 where the kernel has none."""
    return max(0, int(_libc().syscall(_LANDLOCK_CREATE, None, 0, _ASK_VERSION)))


def _lock_files(version: int) -> bool:
    """Refuse, for good, every change to a file (but /dev/null), TCP, and signals to outsiders."""
    if version < 1:
        return False
    libc = _libc()
    changes = sum(access for since, access in _CHANGES.items() if version >= since)
    attributes = struct.pack(
        "<QQQ", changes, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_LANDLOCK_CREATE, attributes, size, 0)
    if ruleset < 0:
        return False
    null = os.open(os.devnull, os.O_PATH)
    rule = struct.pack("<Qi", _WRITE_FILE, null)
    added = libc.syscall(_LANDLOCK_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0) == 0
    locked = added and libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0
    os.close(null)
    os.close(ruleset)
    return bool(locked)


def _apply_limits(limits: Limits, *, counted: bool) -> None:
    """Set the resource limits of this process and of all that it starts."""
    wanted = {
        resource.RLIMIT_AS: limits.address_space,
        resource.RLIMIT_CPU: limits.cpu,
        resource.RLIMIT_FSIZE: limits.written,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
    }
    if counted:
        wanted[resource.RLIMIT_NPROC] = limits.processes
    for kind, limit in wanted.items():
        _, ceiling = resource.getrlimit(kind)
        lowered = limit if ceiling == resource.RLIM_INFINITY else min(limit, ceiling)
        resource.setrlimit(kind, (lowered, lowered))
