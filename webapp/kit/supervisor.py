"""Runs several programs as one: starts them in order, shows their output, restarts them, stops them all.

How nothing outlives it: the supervisor itself is the child of a guardian (`processes.guarded`), whose process
number is the one people see. Killed with -9,

* the guardian leaves a pipe at its end: the supervisor stops everything in order, in a hurry;
* the supervisor leaves its programs to the kernel, which signals each, and all their orphans to the guardian,
  which terminates and then kills them;
* a program leaves its orphans (a web server's workers) to the supervisor, which kills them before a restart.
"""

import heapq
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Literal

from webapp.kit import processes

_COLOURS = ("36", "32", "33", "35", "34", "96", "92", "93", "95", "94")
_POLL_SECONDS = 0.02  # between two questions whether a program is ready; more as it takes longer
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # before a restart, doubling
_STEADY_SECONDS = 30.0  # up this long, a program's next restart is quick again
_TRIES = 3  # ends before it was ever ready: then it never will be
_HURRY_SECONDS = 0.8  # instead of `stop_timeout`, when the guardian was killed
_LOG_BYTES = 10 * 2**20  # a log file this long is put aside at the next start
_LINE_BYTES = 2**20  # a longer line is shown in parts


@dataclass(frozen=True, slots=True)
class Program:
    """One program to run.

    `restart="never"` is a step: it must end with 0 before anything after it starts, and stops everything when
    it ends otherwise. `start_after` names programs that must be ready first; they are stopped after this one.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  # added to the supervisor's own
    ready: Callable[[], bool] | None = None  # asked until it says so; must answer within about a second
    ready_timeout: float = 60.0  # seconds
    restart: Literal["always", "never"] = "always"
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout: float = 10.0  # seconds until it is killed
    start_after: Sequence[str] = ()
    prepare: Callable[[], None] | None = None  # called before every start; may raise to say why it cannot
    user: str | None = None  # system user to run as (root only)
    cwd: Path | None = None
    log: Path | None = None  # output goes to this file instead of the console


class State(Enum):
    """Where a program is in its life."""

    WAITING = "waiting"  # for others, or for its pause before a restart
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    ENDED = "ended"


class _Running:
    """A program and what the supervisor knows of it."""

    def __init__(self, program: Program, colour: str) -> None:
        self.program = program
        self.name = program.name
        self.colour = colour
        self.state = State.WAITING
        self.pid = 0
        self.started = 0.0
        self.was_ready = False
        self.failures = 0  # in a row
        self.pipe: int | None = None
        self.rest = b""  # of a line that has not ended yet


class Supervisor:
    """`Supervisor(programs).run()` returns the exit code: 0 when asked to stop, 1 when a program failed."""

    def __init__(self, programs: Sequence[Program], *, on_ready: Callable[[], str] | None = None) -> None:
        """`on_ready` is called once, when every program is ready; what it returns is printed."""
        self._out = sys.stdout
        self._coloured = self._out.isatty() and "NO_COLOR" not in os.environ
        self._all = [_Running(p, _COLOURS[i % len(_COLOURS)]) for i, p in enumerate(programs)]
        self._by_name = {each.name: each for each in self._all}
        unknown = {name for p in programs for name in p.start_after} - set(self._by_name)
        if unknown or len(self._by_name) != len(programs):
            raise ValueError(f"distinct names and known predecessors, please: {unknown or 'a name twice'}")
        self._width = max((len(p.name) for p in programs), default=0)
        self._on_ready = on_ready
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._stopping = False
        self._asked = self._heard = 0  # how often to stop
        self._hurried = False
        self._kill_now = False
        self._failed = False
        self._deaf = False  # nobody reads our output any more

    def run(self) -> int:
        """Run until stopped, under a guardian. Call before any thread is started; returns in the guardian."""
        code = processes.guarded(self._run)
        if code < 0:
            self.say(f"The supervisor was {_how(code)}; everything it ran is stopped.")
        return code if code >= 0 else 1

    def _run(self, guardian: int) -> int:
        processes.become_subreaper()
        waking, woken = os.pipe()
        for end in (waking, woken):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(woken)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, self._asked_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken
        self._guardian = guardian
        self._selector.register(guardian, selectors.EVENT_READ, self._abandoned)
        self._selector.register(waking, selectors.EVENT_READ, lambda: os.read(waking, 4096))
        self._start_what_can()
        while not self._finished():
            self._turn()
        processes.end_all(lambda: processes.children(os.getpid()), 0)
        return 1 if self._failed else 0

    def _turn(self) -> None:
        pause = max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
        for key, _ in self._selector.select(pause):
            key.data()
        self._hear()
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2]()
        for pid, code in processes.reap():
            if running := next((each for each in self._all if each.pid == pid), None):
                self._has_ended(running, code)
        if self._kill_now:
            for each in self._alive():
                processes.signal_group(each.pid, signal.SIGKILL)
        elif self._stopping:
            self._stop_what_can()

    def _finished(self) -> bool:
        return self._stopping and not self._alive()

    def _alive(self) -> list[_Running]:
        return [each for each in self._all if each.pid]

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), action))

    # starting

    def _start_what_can(self) -> None:
        for each in self._all:
            if each.state is State.WAITING and not each.failures and self._may_start(each):
                self._start(each)

    def _may_start(self, running: _Running) -> bool:
        # one that was ready once and is being restarted holds up nobody who knew it before
        return all(self._by_name[name].was_ready for name in running.program.start_after)

    def _start(self, running: _Running) -> None:
        if self._stopping or running.pid:
            return
        program = running.program
        running.started = time.monotonic()
        try:
            if program.prepare:
                program.prepare()
            running.pid = self._spawn(running)
        except Exception as error:  # noqa: BLE001  # whatever it is: it is the reason the program cannot start
            self.say(f"{program.name} cannot start: {error}")
            running.failures += 1
            if running.was_ready:
                self._again_or_fail(running)
            else:
                self._fail(running)
            return
        running.state = State.STARTING
        if program.restart == "always":
            self._check_ready(running, running.pid)

    def _spawn(self, running: _Running) -> int:
        program = running.program
        environment = {**os.environ, **program.env}
        output, pipe = self._output(program)
        try:
            child = processes.spawn(
                program.argv,
                env=environment,
                cwd=program.cwd,
                output=output,
                user=program.user,
                death_signal=program.stop_signal,
            )
        except BaseException:
            if pipe is not None:
                os.close(pipe)
            raise
        finally:
            os.close(output)
        child.returncode = 0  # `reap` collects it; Popen must not try
        if pipe is not None:
            os.set_blocking(pipe, False)
            running.pipe = pipe
            self._selector.register(pipe, selectors.EVENT_READ, lambda: self._read(running, pipe))
        return child.pid

    def _output(self, program: Program) -> tuple[int, int | None]:
        """Where the program writes, and where we read it."""
        if program.log is None:
            reading, writing = os.pipe()
            return writing, reading
        program.log.parent.mkdir(parents=True, exist_ok=True)
        if program.log.exists() and program.log.stat().st_size > _LOG_BYTES:
            program.log.replace(program.log.with_suffix(".1.log"))
        return os.open(program.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640), None

    def _check_ready(self, running: _Running, pid: int) -> None:
        if running.pid != pid or running.state is not State.STARTING:
            return
        program = running.program
        if program.ready is None or program.ready():
            self._is_ready(running)
        elif time.monotonic() - running.started > program.ready_timeout:
            self.say(f"{program.name} is not ready after {program.ready_timeout:.0f} s.")
            self._fail(running)
        else:
            waited = time.monotonic() - running.started
            self._after(min(_POLL_SECONDS + waited / 20, 0.5), lambda: self._check_ready(running, pid))

    def _is_ready(self, running: _Running) -> None:
        running.state = State.READY if running.pid else State.ENDED
        if not running.was_ready or running.failures:
            done = "ready" if running.pid else "done"
            self.say(f"{running.name} is {done} ({time.monotonic() - running.started:.1f} s).")
        running.was_ready = True
        self._start_what_can()
        if self._on_ready and all(each.was_ready for each in self._all):
            report, self._on_ready = self._on_ready, None
            self._write(report() + "\n")

    # ending

    def _has_ended(self, running: _Running, code: int) -> None:
        processes.signal_group(running.pid, signal.SIGKILL)
        self._kill_orphans(running)
        if running.pipe is not None:
            self._read(running, running.pipe, to_the_end=True)
        up_for = time.monotonic() - running.started
        running.pid = 0
        if self._stopping or running.state is State.STOPPING:
            running.state = State.ENDED
        elif running.program.restart == "never" and code == 0:
            self._is_ready(running)
        elif running.program.restart == "never":
            self.say(f"{running.name} failed ({_how(code)}); stopping.")
            self._fail(running)
        else:
            self.say(f"{running.name} ended unexpectedly ({_how(code)}).")
            running.failures = 1 if up_for > _STEADY_SECONDS else running.failures + 1
            self._again_or_fail(running)

    def _again_or_fail(self, running: _Running) -> None:
        if running.program.restart == "never" or (not running.was_ready and running.failures >= _TRIES):
            self._fail(running)
            return
        running.state = State.WAITING
        pause = min(_FIRST_PAUSE * 2 ** (running.failures - 1), _LONGEST_PAUSE)
        self.say(f"{running.name} starts again in {pause:g} s.")
        self._after(pause, lambda: self._start(running))

    def _fail(self, running: _Running) -> None:
        if running.program.log:
            self.say(f"The end of {running.program.log}:")
            for line in _tail(running.program.log):
                self._line(running, line)
        self._failed = True
        self._stop()

    def _kill_orphans(self, ended: _Running) -> None:
        """What a program leaves behind becomes our child, whatever session it is in."""
        processes.kill_orphans({each.pid for each in self._all if each is not ended})

    # stopping

    def _asked_to_stop(self, number: int, _: FrameType | None) -> None:
        self._asked += 1  # acted upon in the loop: a signal may come in the middle of a write

    def _hear(self) -> None:
        while self._heard < self._asked:
            self._heard += 1
            if not self._stopping:
                self.say("Stopping. Once more kills.")
                self._stop()
            elif not self._kill_now:
                self.say("Killing what still runs.")
                self._kill_now = True

    def _abandoned(self) -> None:
        self._selector.unregister(self._guardian)  # at its end it is readable for ever
        self._hurried = True
        self._stop()
        for each in self._alive():
            if each.state is State.STOPPING:
                self._kill_after(each, _HURRY_SECONDS)

    def _stop(self) -> None:
        if not self._stopping:
            self._stopping = True
            self._timers.clear()  # restarts and questions; from now on they are deadlines

    def _stop_what_can(self) -> None:
        """Signal every program that nothing alive depends on any more."""
        needed = {name for each in self._alive() for name in self._reaches(each)}
        for each in self._alive():
            if each.state is not State.STOPPING and each.name not in needed:
                self._stop_one(each)

    def _reaches(self, running: _Running) -> set[str]:
        found: set[str] = set()
        edge = set(running.program.start_after)
        while edge:
            found |= edge
            edge = {name for each in edge for name in self._by_name[each].program.start_after} - found
        return found

    def _stop_one(self, running: _Running) -> None:
        running.state = State.STOPPING
        # the leader alone: a web server stops its own workers in order
        processes.kill(running.pid, running.program.stop_signal)
        self._kill_after(running, _HURRY_SECONDS if self._hurried else running.program.stop_timeout)

    def _kill_after(self, running: _Running, seconds: float) -> None:
        pid = running.pid

        def too_late() -> None:
            if running.pid == pid:
                self.say(f"{running.name} does not stop; killing it.")
                processes.signal_group(pid, signal.SIGKILL)

        self._after(seconds, too_late)

    # output

    def say(self, text: str) -> None:
        """A line of the supervisor's own."""
        self._write(f"{text}\n")

    def _read(self, running: _Running, pipe: int, *, to_the_end: bool = False) -> None:
        while True:
            try:
                chunk = os.read(pipe, 65536)
            except BlockingIOError:
                break
            if chunk:
                *lines, running.rest = (running.rest + chunk).split(b"\n")
                if len(running.rest) > _LINE_BYTES:
                    lines, running.rest = [*lines, running.rest], b""
                for line in lines:
                    self._line(running, line.decode(errors="replace"))
            else:
                to_the_end = True
                break
            if not to_the_end:
                break  # the others' turn
        if to_the_end:
            if running.rest:
                self._line(running, running.rest.decode(errors="replace"))
            running.rest, running.pipe = b"", None
            self._selector.unregister(pipe)
            os.close(pipe)

    def _line(self, running: _Running, text: str) -> None:
        label = f"{running.name:<{self._width}} |"
        if self._coloured:
            label = f"\x1b[{running.colour}m{label}\x1b[0m"
        self._write(f"{label} {text}\n")

    def _write(self, text: str) -> None:
        if self._deaf:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:  # the terminal or the reader of a pipe is gone
            self._deaf = True
            self._stop()


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _tail(log: Path, lines: int = 15) -> list[str]:
    try:
        return log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return []
