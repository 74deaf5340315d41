"""What the game's currency costs in real money."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared_http.json_body import LARGEST_AMOUNT
from shared_http.problems import malformed
from shared_http.settings import Environment, SettingError

_MOST_PER_UNIT = 1_000_000


@dataclass(frozen=True)
class Price:
    """`per_unit` in the smallest unit of `currency` (ISO 4217), as cents of USD.

    >>> Price(2, "USD").of(160)
    320
    """

    per_unit: int = 1
    currency: str = "USD"

    @classmethod
    def from_environment(cls, environment: Environment) -> Price:
        """Return the price that ``CURRENCY_PRICE`` spells, as ``"1 USD"``."""
        text = environment.text("CURRENCY_PRICE", default="1 USD")
        match = re.fullmatch(r"([1-9][0-9]{0,6}) ([A-Z]{3})", text, re.ASCII)
        if match is None or int(match[1]) > _MOST_PER_UNIT:
            raise SettingError(
                f"CURRENCY_PRICE must be an integer from 1 to {_MOST_PER_UNIT} and a "
                f"currency of ISO 4217, like '1 USD', not {text!r}"
            )
        return cls(int(match[1]), match[2])

    def of(self, amount: int) -> int:
        """Return what `amount` costs; a 400 `Problem` if no number can say it."""
        most = LARGEST_AMOUNT // self.per_unit
        if amount > most:
            raise malformed(
                f"must be an integer from 1 to {most}", where="body", name="/amount"
            )
        return amount * self.per_unit
