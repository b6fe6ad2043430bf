"""Processes that never outlive their owner, and directories that have only one.

Three means, each for what the others cannot see:

* `spawn` asks the kernel (`PR_SET_PDEATHSIG`) to signal the child when its parent dies;
* `guarded` runs a program under a guardian that is a *subreaper*: whatever that program leaves behind when it
  is killed, however deep and in whatever session, becomes a child of the guardian, which ends it;
* `processes_in` finds what an earlier run left in a directory when even its guardian was killed.

Linux. Elsewhere children are still stopped in order; only the cleaning up after `kill -9` is missing.
"""

import ctypes
import fcntl
import os
import pwd
import re
import select
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import IO, Any, Self

LINUX = sys.platform == "linux"
_PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)  # loaded here: between fork and exec nothing may be loaded

SOCKET_PATH_LIMIT = 103  # bytes; the smallest of the systems' limits on a unix socket's path (Linux: 107)


class DirectoryInUse(Exception):  # reads as the sentence it is
    """Another process owns the directory; `pid` names it (0 when unknown)."""

    def __init__(self, directory: Path, pid: int) -> None:
        who = f"process {pid}. Stop that first: kill {pid}" if pid else "another process. Stop that first."
        super().__init__(f"{directory} is in use by {who}")
        self.pid = pid


class DirectoryLock:
    """The right to run servers in a directory: held by one process and its forks, given back by the kernel.

    `with DirectoryLock(path):` raises DirectoryInUse. A holder that was killed may still be stopping its
    servers: it is given `patience` seconds, because its lock is free as soon as the last of them is down.
    """

    def __init__(self, directory: Path, patience: float = 6.0) -> None:
        self.directory = directory
        self.path = directory / "lock"
        self._patience = patience
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+")
        give_up = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = self.holder()
                if alive(holder) or time.monotonic() > give_up:
                    file.close()
                    raise DirectoryInUse(self.directory, holder) from None
                time.sleep(0.05)
            else:
                break
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def holder(self) -> int:
        """The pid last written by a holder, 0 when there is none. It holds the lock only if `held()`."""
        try:
            return int(self.path.read_text().strip() or 0)
        except (OSError, ValueError):
            return 0

    def held(self) -> bool:
        """Whether some process holds the lock now."""
        try:
            with self.path.open("r") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False


def alive(pid: int) -> bool:
    """Whether a process of this number exists and is not a zombie."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return not LINUX or _stat(pid)[0] not in {"Z", "X", ""}


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: int | IO[Any] | None = None,
    user: str | None = None,
    death_signal: int = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, stdin empty, stdout and stderr to `output`.

    `death_signal` is sent by the kernel when the calling *thread* ends without having stopped it, so start
    programs from a thread that lives as long as they shall. `user` (root only) is the system user it runs as.
    """
    parent = os.getpid()

    def before_exec() -> None:
        # a shell's background job ignores these, and so would the program: it could not be asked to end
        for number in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        # runs after the change of user, which would have cleared it
        if LINUX:
            _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return subprocess.Popen(
        list(argv),
        env=dict(env) if env is not None else None,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        preexec_fn=before_exec,  # the supervisor has one thread
        **identity(user),
    )


def identity(user: str | None) -> dict[str, Any]:
    """Arguments of `subprocess` that start a program as a system user; none for the present one."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def signal_group(pid: int, number: int) -> None:
    """Signal a process that `spawn` started and all of its process group; quietly nothing when it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def guarded(program: Callable[[int], int], grace: float = 2.0) -> int:
    """Run `program` in a child and return its exit code, leaving no descendant behind whoever is killed.

    The child gets the reading end of a pipe that comes to its end when the guardian dies: then it must stop
    what it started. Dies the child, the guardian ends its orphans and kills them after `grace` seconds.
    INT, TERM, HUP and QUIT sent to the guardian are handed on. Call it before any thread is started.
    """
    become_subreaper()
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(writing)
        os.setsid()  # Ctrl-C reaches the guardian alone, which hands on exactly one
        _leave(program, reading)
    os.close(reading)

    def hand_on(number: int, _: FrameType | None) -> None:
        kill(child, number)

    handed_on = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {number: signal.signal(number, hand_on) for number in handed_on}
    try:
        _, status = os.waitpid(child, 0)
        end_all(lambda: descendants(os.getpid()), grace)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writing)
    return os.waitstatus_to_exitcode(status)


def _leave(program: Callable[[int], int], reading: int) -> None:
    code = 70  # EX_SOFTWARE
    try:
        code = program(reading)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # noqa: BLE001  # a fork must never return into its parent's code
        sys.excepthook(*sys.exc_info())
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(code)


def become_subreaper() -> None:
    """Make orphaned descendants children of this process instead of init's."""
    if LINUX:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_all(pids: Callable[[], Iterable[int]], grace: float) -> None:
    """Terminate the processes that `pids` lists, kill those left after `grace` seconds, and reap our own."""
    deadline = time.monotonic() + grace
    number: int = signal.SIGTERM
    told: set[int] = set()
    while True:
        reap()
        left = {pid for pid in pids() if alive(pid)}
        if not left or time.monotonic() > deadline + 2:
            return
        if time.monotonic() > deadline:
            number, told = signal.SIGKILL, set()
        for pid in left - told:
            kill(pid, number)
        told |= left
        time.sleep(0.02)


def kill_orphans(known: set[int], seconds: float = 1.0) -> None:
    """Kill the children of this process that are not `known`, and all below: a subreaper's inheritance."""
    mine = os.getpid()
    deadline = time.monotonic() + seconds
    # again, because the children of one that is killed are inherited only then
    while (orphans := children(mine) - known) and time.monotonic() < deadline:
        for pid in orphans | {below for orphan in orphans for below in descendants(orphan)}:
            kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def reap() -> list[tuple[int, int]]:
    """Collect the children that have ended, adopted ones too: `(pid, exit code)`, negative for a signal."""
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended.append((pid, os.waitstatus_to_exitcode(status)))


def kill(pid: int, number: int) -> None:
    """Signal one process; quietly nothing when it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _stat(pid: int) -> tuple[str, int]:
    """State letter and parent of a process; ("", 0) when it is gone."""
    try:
        # the name in brackets may contain spaces and brackets itself: read after the last one
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", 0
    return fields[0], int(fields[1])


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()] if LINUX else []


def children(pid: int) -> set[int]:
    """The direct children of a process, zombies left out."""
    return {each for each in _all_pids() if (found := _stat(each))[1] == pid and found[0] not in {"Z", "X"}}


def descendants(pid: int) -> set[int]:
    """Children, grandchildren and so on."""
    parents = {each: _stat(each)[1] for each in _all_pids()}
    found: set[int] = set()
    edge = {pid}
    while edge := {each for each, parent in parents.items() if parent in edge} - found:
        found |= edge
    return found


def processes_in(directory: Path, name: str) -> set[int]:
    """Processes whose working directory is `directory` and whose command is `name` (first 15 characters)."""
    found = set()
    for pid in _all_pids():
        try:
            if (_PROC / str(pid) / "cwd").readlink() != directory.resolve():
                continue
            if (_PROC / str(pid) / "comm").read_text().strip() == name[:15]:
                found.add(pid)
        except OSError:
            continue  # ended meanwhile, or not ours to look at
    return found


def wait_until(done: Callable[[], bool], seconds: float, step: float = 0.02) -> bool:
    """Ask every `step` seconds until `done()` or the time is over; the last answer."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        select.select([], [], [], step)
    return True


def socket_directory(wanted: Path, socket_name: str, user: str | None = None) -> Path:
    """A private directory (mode 0700, owned by `user`) in which a socket of that name can be bound.

    It is `wanted` itself unless its path is too long for a unix socket or has characters that connection
    strings give a meaning to; then a directory under the system's temporary one, named by a hash of `wanted`.
    Raises PermissionError when somebody else made that directory first.
    """
    owner = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    path = wanted.resolve()
    plain = re.fullmatch(r"[\w./+-]+", str(path), re.ASCII)
    if not plain or len(os.fsencode(path / socket_name)) > SOCKET_PATH_LIMIT:
        digest = sha256(os.fsencode(path)).hexdigest()[:12]
        path = Path(tempfile.gettempdir()).resolve() / f"truckroll-{digest}"
        if len(os.fsencode(path / socket_name)) > SOCKET_PATH_LIMIT:
            path = Path("/tmp").resolve() / path.name  # noqa: S108  # TMPDIR itself can be too long
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
            raise PermissionError(f"{path} belongs to somebody else; remove it, then start again.") from None
    path.chmod(0o700)
    if path.stat().st_uid != owner:
        os.chown(path, owner, -1)
    return path
