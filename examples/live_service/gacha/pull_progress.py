"""Carries out what the pull's state machine asks for.

`fairpull.SplitPullService` decides each step and keeps it in the store; here are the
calls to the account service in between. A client's request takes a pull as far as its
draw. The rest, and whatever was left lying by a crash or a lost answer, is taken up
by the two loops: confirming in batches, and recovering.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from structlog.typing import FilteringBoundLogger

import fairpull
from gacha.account_client import MOST_POSTS_AT_ONCE, AccountClient, HoldAnswer
from gacha.metrics import GachaMetrics
from shared_http.crash_points import CrashPoints
from shared_http.idempotency import RunningRequests
from shared_http.tracing import span

log: FilteringBoundLogger = structlog.get_logger()

# The client waits for its first try; a recovery round must not hang on one pull.
_REQUEST_PATIENCE_S = 3.0
_RECOVERY_PATIENCE_S = 0.0
_RECOVERED_AT_ONCE = 100
# What has been tried in vain waits, in the end for so long. Once the account service
# answers again there is nothing to wait for.
_LONGEST_WAIT_MS = 30_000
# Of the 16 workers of a process (shared_http/tasks.py); an account service that hangs
# must not take those with it that show banners, odds and history.
_MOST_WAITING_REQUESTS = 12


class PullProgress:
    """The calls that one pull, and many left-over ones, need. Thread-safe."""

    def __init__(
        self,
        desk: fairpull.SplitPullService,
        account: AccountClient,
        *,
        running: RunningRequests,
        metrics: GachaMetrics,
        crash_points: CrashPoints,
    ) -> None:
        self._desk = desk
        self._account = account
        self._running = running
        self._metrics = metrics
        self._crash_points = crash_points
        self._confirmations = ConfirmationQueue(show_length=metrics.unconfirmed.set)
        self._catching_up = False
        self._places = threading.BoundedSemaphore(_MOST_WAITING_REQUESTS)

    def ask_for_hold(self, operation: fairpull.PullOperation) -> HoldAnswer | None:
        """Return the account's answer for a client who waits for it.

        None at once, without asking, where too many clients wait already.
        """
        if not self._places.acquire(blocking=False):
            return None
        try:
            with span("hold"):
                hold = self._account.place_hold(operation, within_s=_REQUEST_PATIENCE_S)
            self._metrics.answered(hold.answer)
            return hold
        finally:
            self._places.release()

    def advance(
        self, operation: fairpull.PullOperation, answer: str
    ) -> fairpull.PullStep:
        """Tell the state machine how the account answered; its next step."""
        # The draw and its commit are one: nothing is drawn that is not kept.
        with span("draw and commit", answer=answer):
            step = self._desk.advance(
                operation.pull_id, player=operation.player, answer=answer
            )
        self._metrics.stepped(step)
        if step.alarm:
            log.critical(
                "the services disagree, so one of them has lost what it had stored",
                player=operation.player,
                pull_id=operation.pull_id,
                state=step.state,
                answer=answer,
            )
        return step

    def finish_later(self, step: fairpull.PullStep) -> None:
        """Leave what remains of a pull to the loops."""
        if step.action == "post_hold":
            self._confirmations.add(step.operation)

    def confirm(self) -> None:
        """Post a batch of holds whose pulls were drawn; waits a moment for one."""
        batch = self._confirmations.take(MOST_POSTS_AT_ONCE)
        if not batch:
            return
        try:
            self._crash_points.reach("gacha:before_post")
            answers = self._account.post_holds(batch)
            self._crash_points.reach("gacha:after_post")
        finally:
            # Before what follows, which may put a pull in again.
            self._confirmations.done(batch)
        for operation, answer in zip(batch, answers, strict=True):
            with _others_go_on(operation):
                self._carry_out(self.advance(operation, answer))

    def recover(self, *, at_ms: int | None = None) -> None:
        """Take up the pulls that are due, now or at `at_ms`, and not in work."""
        now_ms = time.time_ns() // 1_000_000 if at_ms is None else at_ms
        self._catching_up |= self._account.came_back()
        ahead_ms = _LONGEST_WAIT_MS if self._catching_up else 0
        found = self._desk.unsettled(now_ms + ahead_ms, limit=_RECOVERED_AT_ONCE)
        account_answers = True
        for operation in found:
            key = (operation.player, operation.pull_id)
            if key in self._running or key in self._confirmations:
                continue
            if operation.attempts == 0 and operation.next_due_ms > now_ms:
                continue  # it is in the hands of another process
            with _others_go_on(operation):
                step = self.advance(operation, "resume")
                if account_answers:
                    account_answers = self._carry_out(step)
                elif step.action != "none":
                    # One time limit a round is enough; each pull still moves
                    # towards being given up.
                    self.advance(operation, "no_answer")
        self._catching_up &= len(found) == _RECOVERED_AT_ONCE

    def _carry_out(self, step: fairpull.PullStep) -> bool:
        """Follow the steps until none is left that can be done at once.

        Whether the account service answered all that it was asked.
        """
        answer = ""
        while True:
            operation = step.operation
            match step.action:
                case "place_hold":
                    answer = self._account.place_hold(
                        operation, within_s=_RECOVERY_PATIENCE_S
                    ).answer
                    self._metrics.answered(answer)
                case "void_hold":
                    answer = self._account.void_hold(operation)
                case "post_hold":
                    self._confirmations.add(operation)
                    return True
                case _:
                    return answer != "no_answer"
            step = self.advance(operation, answer)


@contextmanager
def _others_go_on(operation: fairpull.PullOperation) -> Iterator[None]:
    """Keep one pull that can't go on, for instance as its banner is gone, apart."""
    try:
        yield
    except fairpull.StoreError:
        raise
    except fairpull.Error:
        log.exception(
            "pull can't go on", player=operation.player, pull_id=operation.pull_id
        )


class ConfirmationQueue:
    """Pulls whose holds wait to be posted, each once. Thread-safe.

    It lives in memory only: what a crash takes with it, recovery finds in the store.
    """

    _WAIT_S = 0.25

    def __init__(self, show_length: Callable[[int], None] = lambda _: None) -> None:
        self._show_length = show_length
        self._queue: queue.SimpleQueue[fairpull.PullOperation] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._keys: set[tuple[str, str]] = set()

    def add(self, operation: fairpull.PullOperation) -> None:
        """Put a pull in, unless it is in already."""
        with self._lock:
            key = (operation.player, operation.pull_id)
            if key in self._keys:
                return
            self._keys.add(key)
            self._show_length(len(self._keys))
        self._queue.put(operation)

    def take(self, most: int) -> list[fairpull.PullOperation]:
        """Up to `most` pulls; waits a moment for the first and not for the others."""
        batch: list[fairpull.PullOperation] = []
        try:
            batch.append(self._queue.get(timeout=self._WAIT_S))
            while len(batch) < most:
                batch.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        return batch

    def done(self, batch: list[fairpull.PullOperation]) -> None:
        """Let the pulls of a batch be put in again from now on."""
        with self._lock:
            self._keys -= {(each.player, each.pull_id) for each in batch}
            self._show_length(len(self._keys))

    def __contains__(self, key: tuple[str, str]) -> bool:
        with self._lock:
            return key in self._keys
