"""How a service starts: it waits for its database, and says so if it can't start."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import fairpull
from shared_http.settings import SettingError

_PAUSE_S = 0.25

# What a worker of gunicorn ends with when another try would end no better.
_WORKER_BOOT_ERROR = 3


@contextmanager
def refusing_in_a_sentence(
    service: str, *, storage_errors: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """End the process with the sentence of a setting, banner or store that is wrong.

    A traceback would hide it. What else goes wrong passes.
    """
    refusals: tuple[type[Exception], ...] = (
        SettingError,
        fairpull.Error,
        *storage_errors,
    )
    try:
        yield
    except refusals as error:
        print(f"{service} can't start: {error}", file=sys.stderr, flush=True)
        sys.exit(_WORKER_BOOT_ERROR)


def open_store_within(
    seconds: float, url: str, *, cache: str | None = None
) -> fairpull.Store:
    """Open the store at `url`, waiting so long for a server that does not answer.

    One that restarts together with the service would otherwise end it for good. What
    else is wrong, a password for instance, is told at once.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return fairpull.open_store(url, cache=cache)
        except fairpull.StoreUnavailableError:
            if time.monotonic() + _PAUSE_S >= deadline:
                raise
        time.sleep(_PAUSE_S)
