"""Checks of arguments, in words that name the argument and what would be right."""

from __future__ import annotations

import operator
from typing import SupportsIndex

from fairpull.errors import InvalidArgumentError

MAX_AMOUNT = 2**53 - 1


def whole(name: str, value: SupportsIndex, lowest: int, highest: int) -> int:
    """The integer itself.

    Raises
    ------
    TypeError
        It is no integer; True and False are none either.
    InvalidArgumentError
        It is out of range; the message says the range.
    """
    if isinstance(value, bool):
        raise TypeError(f"{name} is {value}; it must be an integer")
    try:
        number = operator.index(value)
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"{name} is of type {kind}; it must be an integer") from None
    if not lowest <= number <= highest:
        raise InvalidArgumentError(
            f"{name} is {number}; it must be from {lowest} to {highest}"
        )
    return number
