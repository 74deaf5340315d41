"""Work on distributions: each done once, by a few threads, and waited for briefly.

Exact analysis of a banner may take from a microsecond to minutes. Whoever asks gets an
answer or a 503 within a time limit; the work goes on, so that asking again is worth it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from shared_http.problems import service_unavailable

_THREADS = 2
_MOST_WAITING = 32
_MOST_KEPT = 1024
_PATIENCE_S = 2.0

T = TypeVar("T")


class Analyst:
    """Keeps the latest answers. Safe to use from several threads."""

    def __init__(self, *, patience_s: float = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="analyst")
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._under_way = 0

    def answer(self, key: Hashable, work: Callable[[], T]) -> T:
        """Return what `work` gives, or gave before under this key.

        A 503 `Problem` if it takes too long, or too much else is to be done.
        """
        future = self._find_or_begin(key, work)
        try:
            return future.result(self._patience_s)  # type: ignore[no-any-return]
        except TimeoutError:
            if future.done():  # it is the work that has run into a limit
                raise
            raise service_unavailable(
                "this is still being worked out; ask again"
            ) from None

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _find_or_begin(self, key: Hashable, work: Callable[[], T]) -> Future[Any]:
        with self._lock:
            known = self._answers.get(key)
            if known is not None:
                self._answers.move_to_end(key)
                return known
            if self._under_way >= _MOST_WAITING:
                raise service_unavailable("too much is being worked out; ask again")
            self._under_way += 1
            future = self._answers[key] = self._threads.submit(work)
            if len(self._answers) > _MOST_KEPT:
                self._answers.popitem(last=False)
        future.add_done_callback(lambda done: self._finish(key, done))
        return future

    def _finish(self, key: Hashable, done: Future[Any]) -> None:
        with self._lock:
            self._under_way -= 1
            failed = done.cancelled() or done.exception() is not None
            if failed and self._answers.get(key) is done:
                del self._answers[key]
