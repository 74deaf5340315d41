"""Keeping a few processes running until told to stop.

Each child has a process group of its own and is only ever signalled by its own id.
Not thread-safe: one thread starts, watches and stops.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

_LOOK_EVERY_S = 0.1
_TAIL_LINES = 20
_ANSWER_LIMIT_S = 2.0

# A proxy for the outside world, named in the environment, knows nothing of loopback.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, kw_only=True)
class ChildPlan:
    """How one child is started, and how it is told that it is ready.

    That is when `is_ready` says so, or else when `ready_url` answers 200. Of one that
    `comes_first` this is waited for before those after it are started. `user` is whom
    it runs as, if not as its parent; `stops_on` is the signal that ends it in order.
    """

    name: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    ready_url: str = ""
    is_ready: Callable[[], bool] | None = None
    comes_first: bool = False
    user: str | None = None
    stops_on: str = "SIGTERM"


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long to wait for what, in seconds.

    A child that dies is started again after `first_delay_s`, then after twice that
    and so on up to `longest_delay_s`; having lived `steady_s`, it begins anew.
    """

    ready_limit_s: float = 60.0
    stop_limit_s: float = 10.0
    first_delay_s: float = 0.5
    longest_delay_s: float = 30.0
    steady_s: float = 60.0


class StartError(Exception):
    """The children did not come up; the message has the end of the log at fault."""


class Child:
    """One process and its log file, over as many starts as it takes."""

    def __init__(
        self, plan: ChildPlan, log_folder: Path, pace: Pace, inherited: Sequence[int]
    ) -> None:
        self.plan = plan
        self.log = log_folder / f"{plan.name}.log"
        self._pace = pace
        self._inherited = tuple(inherited)
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._started_at = 0.0
        self._delay_s = pace.first_delay_s
        self._due_at: float | None = None

    @property
    def process_id(self) -> int | None:
        """The id of the running process, or None while there is none."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process; a `StartError` if its program can't be run."""
        self._due_at = None
        self._started_at = time.monotonic()
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            try:
                self._process = self._spawn(log)
            except OSError as error:
                raise StartError(f"{self.plan.name}: {error}") from None

    def _spawn(self, log: BinaryIO) -> subprocess.Popen[bytes]:
        user = self.plan.user
        return subprocess.Popen(
            self.plan.command,
            cwd=self.plan.folder,
            env=dict(self.plan.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # A Ctrl-C at the terminal must reach the parent alone, which stops the
            # children in an order that lets each finish what it does.
            start_new_session=True,
            pass_fds=self._inherited,
            user=user,
            group=None if user is None else pwd.getpwnam(user).pw_gid,
            extra_groups=None if user is None else [],
        )

    def look(self) -> str | None:
        """How the process ended, if it did since the last look; and forget it."""
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._kill_group()
        self._process = None
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def plan_restart(self) -> float:
        """Note that the process is to be started again; gives the delay."""
        now = time.monotonic()
        if now - self._started_at >= self._pace.steady_s:
            self._delay_s = self._pace.first_delay_s
        delay_s = self._delay_s
        self._due_at = now + delay_s
        self._delay_s = min(2 * delay_s, self._pace.longest_delay_s)
        return delay_s

    def is_due(self) -> bool:
        """Whether a planned restart is to happen now."""
        return self._due_at is not None and time.monotonic() >= self._due_at

    def is_ready(self) -> bool:
        """Whether the child, or its own address, says that it is."""
        if self.plan.is_ready is not None:
            return self.plan.is_ready()
        try:
            with _DIRECT.open(self.plan.ready_url, timeout=_ANSWER_LIMIT_S) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError, ValueError):
            return False

    def stop(self) -> bool:
        """End the process: in order, then SIGKILL past the limit, which gives False."""
        self._due_at = None
        if self._process is None:
            return True
        self._process.send_signal(signal.Signals[self.plan.stops_on])
        try:
            self._process.wait(self._pace.stop_limit_s)
            return True
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        finally:
            self._kill_group()
            self._process = None

    def _kill_group(self) -> None:
        """End what the process, now dead, has started and left behind."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def log_tail(self) -> str:
        """The last lines that the present or latest start has logged."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:]) or "(it logged nothing)"


def keep_running(
    plans: Sequence[ChildPlan],
    *,
    log_folder: Path,
    stop: threading.Event,
    say: Callable[[str], None],
    on_start: Callable[[Mapping[str, int]], None] = lambda _: None,
    on_ready: Callable[[], None] = lambda: None,
    pace: Pace | None = None,
    inherited: Sequence[int] = (),
) -> None:
    """Start the children, wait until all are ready, keep them until `stop` is set.

    Parameters
    ----------
    plans
        Started in this order and stopped in the reverse.
    log_folder
        Gets ``<name>.log`` of each; appended to.
    stop
        Set by a signal handler.
    say
        Told, a sentence at a time, what happens.
    on_start
        Called with the process ids by name, whenever they have changed.
    on_ready
        Called once, when every child is ready.
    inherited
        File descriptors that the children keep open.

    Raises
    ------
    StartError
        A child could not be started, died before all were ready, or was not ready
        within the limit. No child runs any more then.
    """
    pace = pace or Pace()
    children = [Child(plan, log_folder, pace, inherited) for plan in plans]
    try:
        for child in children:
            child.start()
            if child.plan.comes_first:
                on_start(_process_ids(children))
                _wait_until_ready([child], stop, pace.ready_limit_s)
            if stop.is_set():
                return
        on_start(_process_ids(children))
        _wait_until_ready(children, stop, pace.ready_limit_s)
        if not stop.is_set():
            on_ready()
        while not stop.wait(_LOOK_EVERY_S):
            if _revive(children, say):
                on_start(_process_ids(children))
    finally:
        for child in reversed(children):
            if not child.stop():
                say(f"{child.plan.name} did not end in time and was killed")


def _process_ids(children: Sequence[Child]) -> dict[str, int]:
    return {child.plan.name: child.process_id for child in children if child.process_id}


def _wait_until_ready(
    children: Sequence[Child], stop: threading.Event, limit_s: float
) -> None:
    end = time.monotonic() + limit_s
    waiting = list(children)
    while waiting and not stop.wait(_LOOK_EVERY_S):
        for child in children:
            if how := child.look():
                raise StartError(
                    f"{child.plan.name} {how} before the game was ready; "
                    f"the end of {child.log}:\n{child.log_tail()}"
                )
        waiting = [child for child in waiting if not child.is_ready()]
        if waiting and time.monotonic() > end:
            tails = "\n".join(f"{c.log}:\n{c.log_tail()}" for c in waiting)
            names = " and ".join(child.plan.name for child in waiting)
            raise StartError(f"{names} not ready after {limit_s:g} s; {tails}")


def _revive(children: Sequence[Child], say: Callable[[str], None]) -> bool:
    """Start again what is due, and plan it for what has died; whether any started."""
    started = False
    for child in children:
        if how := child.look():
            delay_s = child.plan_restart()
            say(
                f"{child.plan.name} {how}; starting it again in {delay_s:g} s "
                f"(its log is {child.log})"
            )
        if child.is_due():
            try:
                child.start()
                started = True
            except StartError as error:
                say(f"{error}; trying again in {child.plan_restart():g} s")
    return started
