"""How much real money a player of some age may spend in a day and in a month."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from shared_http.settings import Environment, SettingError, time_zone

_EXAMPLE = "under16=2000/10000 under18=5000/20000 adult=none unknown=none"
_DEFAULTS = {"USD": _EXAMPLE}
"""By price currency, as amounts mean nothing in another one; elsewhere no limits."""

_RULE = re.compile(
    r"(adult|unknown|under[1-9][0-9]?)=(?:none|(none|[0-9]{1,15})/(none|[0-9]{1,15}))",
    re.ASCII,
)


@dataclass(frozen=True)
class AgeBand:
    """Players of some age, and what they may spend; None is without limit."""

    name: str
    day: int | None = None
    month: int | None = None


@dataclass(frozen=True)
class Window:
    """A day or a month, from `begins_ms` until before `ends_ms`, and its limit."""

    period: Literal["day", "month"]
    begins_ms: int
    ends_ms: int
    limit: int | None


@dataclass(frozen=True)
class Allowance:
    """What a player may spend at `at_ms`, by the windows that it lies in."""

    at_ms: int
    band: AgeBand
    windows: tuple[Window, ...]


class SpendingLimits:
    """The limits of all ages, and where a day begins.

    Parameters
    ----------
    text
        As ``SPENDING_LIMITS`` has it: words like ``under16=2000/10000``, the amounts a
        day and a month in the smallest unit of the price currency, ``none`` where
        there is no limit. ``adult`` are those under none of the ages given, and
        without limit unless said otherwise. ``unknown`` are those whose age is not
        known: unless said otherwise, the lowest of all limits.
    zone
        The time zone (IANA) of days and months.

    Raises
    ------
    SettingError
        One of them is not as it should be.
    """

    def __init__(self, text: str = "", zone: str = "UTC") -> None:
        rules: dict[str, AgeBand] = {}
        for word in text.split():
            match = _RULE.fullmatch(word)
            if match is None or match[1] in rules:
                raise SettingError(
                    f"SPENDING_LIMITS: {word!r} must be one more rule, as in "
                    f"'{_EXAMPLE}'"
                )
            rules[match[1]] = AgeBand(match[1], _limit(match[2]), _limit(match[3]))
        self._adult = rules.pop("adult", AgeBand("adult"))
        unknown = rules.pop("unknown", None)
        self._minors = sorted(
            (int(name.removeprefix("under")), band) for name, band in rules.items()
        )
        bands = [self._adult, *(band for _, band in self._minors)]
        self._unknown = unknown or AgeBand(
            "unknown",
            _lowest(band.day for band in bands),
            _lowest(band.month for band in bands),
        )
        self._zone = time_zone(zone, what="SPENDING_TIME_ZONE")

    @classmethod
    def from_environment(
        cls, environment: Environment, *, currency: str
    ) -> SpendingLimits:
        """Return the limits that the environment sets for prices in `currency`."""
        default = _DEFAULTS.get(currency, "adult=none")
        return cls(
            environment.text("SPENDING_LIMITS", default=default),
            environment.text("SPENDING_TIME_ZONE", default="UTC"),
        )

    @property
    def zone(self) -> str:
        """The name of the time zone."""
        return self._zone.key

    def allowance(self, birth_date: date | None, at_ms: int) -> Allowance:
        """Return what a player who was born then may spend now."""
        today = self.day_of(at_ms)
        band = self._band(birth_date, today)
        month = today.replace(day=1)
        # No month is longer than 31 days, and none as long as 32.
        next_month = (month + timedelta(days=32)).replace(day=1)
        return Allowance(
            at_ms,
            band,
            (
                self._window("day", today, today + timedelta(days=1), band.day),
                self._window("month", month, next_month, band.month),
            ),
        )

    def day_of(self, at_ms: int) -> date:
        """Return which day it is then."""
        return datetime.fromtimestamp(at_ms // 1000, self._zone).date()

    def _band(self, birth_date: date | None, today: date) -> AgeBand:
        if birth_date is None:
            return self._unknown
        age = today.year - birth_date.year
        # Who was born on 29 February is a year older on 1 March of other years.
        if (today.month, today.day) < (birth_date.month, birth_date.day):
            age -= 1
        for under, band in self._minors:
            if age < under:
                return band
        return self._adult

    def _window(
        self,
        period: Literal["day", "month"],
        first: date,
        after: date,
        limit: int | None,
    ) -> Window:
        return Window(period, self._midnight(first), self._midnight(after), limit)

    def _midnight(self, day: date) -> int:
        """When the day begins; where a clock is put on at midnight, an hour later."""
        begins = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        return int(begins.timestamp()) * 1000


def _limit(text: str | None) -> int | None:
    return None if text is None or text == "none" else int(text)


def _lowest(limits: Iterable[int | None]) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
