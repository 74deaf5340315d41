"""How a service that can't start says so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import fairpull
from shared_http.settings import SettingError

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
