"""Requests as tasks: no more at once than there are workers, none beyond its time.

Flask calls a view in the thread of the request. Here that thread only waits: the view
runs on a worker, and asyncio ends the wait when the time is over. The client then gets
a 504, what the view waits for in a database is cancelled there, and the worker is free
as soon as the view returns. Who finds every worker and every place in the queue taken
gets a 503 at once, so that a crowd waits at its clients and not in here.

    app = TaskFlask("gacha", limits=TaskLimits(workers=16, queued=32, seconds=8.0))
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue

import fairpull
from shared_http.problems import Problem, service_unavailable
from shared_http.settings import Environment

# gunicorn.conf.py has a thread for each, and some for what is answered at once.
DEFAULT_WORKERS = 16
DEFAULT_QUEUED = 32
_CANCELLED_AFTER_S = 0.05

_ends_at: contextvars.ContextVar[float | None] = contextvars.ContextVar(
    "ends_at", default=None
)


def seconds_left(most: float) -> float:
    """Return how long the running task may still wait for something, up to `most`.

    Outside of any it is `most`; when the time is over it is a little above 0, since
    nothing takes 0 for a limit.
    """
    ends_at = _ends_at.get()
    return most if ends_at is None else min(most, max(ends_at - time.monotonic(), 0.01))


@dataclass(frozen=True, kw_only=True)
class TaskLimits:
    """How many requests run at once, how many wait, how long one may take in all."""

    workers: int = DEFAULT_WORKERS
    queued: int = DEFAULT_QUEUED
    seconds: float = 8.0

    @classmethod
    def from_environment(
        cls, environment: Environment, *, default_ms: int
    ) -> TaskLimits:
        """Return what `TASK_WORKERS`, `_QUEUE` and `_BUDGET_MS` say."""
        budget_ms = environment.milliseconds("TASK_BUDGET_MS", default=default_ms)
        return cls(
            workers=environment.count("TASK_WORKERS", default=DEFAULT_WORKERS),
            queued=environment.count("TASK_QUEUE", default=DEFAULT_QUEUED),
            seconds=budget_ms / 1000,
        )


class TaskFlask(Flask):
    """A Flask whose views run as tasks.

    Parameters
    ----------
    name
        Of the service.
    limits
        For each process.
    at_once
        Paths that are answered in the thread of their request, whoever else waits:
        what tells of the process's health, and sockets, which last.
    """

    def __init__(
        self, name: str, *, limits: TaskLimits, at_once: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(name, static_folder=None)
        self.tasks = Tasks(limits)
        self._at_once = at_once

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view of the request as a task."""
        if request.path in self._at_once:
            return super().dispatch_request()
        answer: ResponseReturnValue = self.tasks.run(super().dispatch_request)
        return answer


class Tasks:
    """Runs calls on workers. Safe to use from several threads."""

    def __init__(self, limits: TaskLimits) -> None:
        self._limits = limits
        self._places = threading.BoundedSemaphore(limits.workers + limits.queued)
        self._workers = ThreadPoolExecutor(limits.workers, thread_name_prefix="task")
        self._lock = threading.Lock()
        self._taken = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def taken(self) -> int:
        """How many calls run or wait for a worker now."""
        with self._lock:
            return self._taken

    def run(self, call: Callable[[], Any]) -> Any:
        """Return what `call` returns, or raise what it raises.

        A 503 `Problem` if there is no place for it, a 504 if its time is over.
        """
        if not self._places.acquire(blocking=False):
            raise service_unavailable("too many requests are being worked on")
        with self._lock:
            self._taken += 1
        ends_at = time.monotonic() + self._limits.seconds
        context = contextvars.copy_context()
        working = self._workers.submit(context.run, _carry_out, call, ends_at)
        # The place is free when the worker is, which may be long after the answer.
        working.add_done_callback(self._leave)
        return asyncio.run_coroutine_threadsafe(
            self._within_time(working, ends_at), self._running_loop()
        ).result()

    async def _within_time(self, working: Future[Any], ends_at: float) -> Any:
        try:
            async with asyncio.timeout(ends_at - time.monotonic()) as limit:
                return await asyncio.wrap_future(working)
        except TimeoutError:
            if not limit.expired():
                raise  # the view's own
            raise Problem(
                504,
                "gateway-timeout",
                "Gateway timeout",
                f"the request took longer than {self._limits.seconds:g} seconds; what "
                "was asked for is done wholly or not at all, so send the same again, "
                "under the Idempotency-Key of this answer if it has one",
            ) from None

    def _leave(self, working: Future[Any]) -> None:
        with self._lock:
            self._taken -= 1
        self._places.release()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="tasks", daemon=True
                ).start()
            return self._loop


def _carry_out(call: Callable[[], Any], ends_at: float) -> Any:
    _ends_at.set(ends_at)
    left = ends_at - time.monotonic()
    if left <= 0:
        return None  # the client has been answered
    # After the client has been told, so that it is told that the time is over.
    with fairpull.call_deadline(left + _CANCELLED_AFTER_S):
        return call()
