"""Calls to a service of several instances, any of which can answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog
from structlog.typing import FilteringBoundLogger

from shared_http.service_calls import NoAnswer, ServiceAnswer, ServiceCalls

log: FilteringBoundLogger = structlog.get_logger()

_MOST_TRIES = 3


class InstanceCalls:
    """Posts to one instance, and to another once that gives no answer.

    For calls that may be made twice and at two instances, by one thread.

    Parameters
    ----------
    address
        Whom to ask first.
    connect
        Returns what posts to an address.
    listed
        Returns who else there is; it is asked when somebody gave no answer.
    """

    def __init__(
        self,
        address: str,
        *,
        connect: Callable[[str], ServiceCalls],
        listed: Callable[[], Sequence[str]],
    ) -> None:
        self._first = self._address = address
        self._connect = connect
        self._listed = listed
        self._calls = connect(address)

    def post(self, path: str, body: object = None) -> ServiceAnswer:
        """Return an instance's answer; `NoAnswer` if three of them gave none."""
        tried: list[str] = []
        while True:
            try:
                return self._calls.post(path, body)
            except NoAnswer:
                tried.append(self._address)
                other = self._another(tried)
                if other is None:
                    raise
                log.info("asking another instance", address=other, instead_of=tried[-1])
                self._go_to(other)

    def close(self) -> None:
        """Close the connections."""
        self._calls.close()

    def _another(self, tried: Sequence[str]) -> str | None:
        if len(tried) >= _MOST_TRIES:
            return None
        there_are = list(dict.fromkeys((*self._listed(), self._first)))
        if self._address in there_are:
            # In turn, so that each is asked in the end, however many there are.
            at = there_are.index(self._address) + 1
            there_are = there_are[at:] + there_are[:at]
        return next((each for each in there_are if each not in tried), None)

    def _go_to(self, address: str) -> None:
        self._calls.close()
        self._address = address
        self._calls = self._connect(address)
