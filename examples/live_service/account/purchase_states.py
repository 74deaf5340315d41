"""Where a purchase stands, and what may come next: one table.

    declined <--declined-- intent ----paid----> validated --granted--> granted
                --asked-->   |                      |                     |
                          returned               returned             returned
                             v                      v                     |
                         cancelled              refunding <---------------+
                                                    |
                                                taken_back --> refunded

A declined one that is paid or returned nevertheless goes on as an intent does. What is
not in the table changes nothing: a payment that is told twice, a refund that is told
again, a confirmation that comes after its refund.
"""

from __future__ import annotations

from typing import Literal

State = Literal[
    "intent",
    "declined",
    "validated",
    "granted",
    "refunding",
    "refunded",
    "cancelled",
]
Signal = Literal["declined", "asked", "paid", "granted", "returned", "taken_back"]

_NEXT: dict[tuple[State, Signal], State] = {
    ("intent", "paid"): "validated",
    # The same purchase may be asked for again, when the provider takes it.
    ("intent", "declined"): "declined",
    ("declined", "asked"): "intent",
    ("declined", "paid"): "validated",
    ("declined", "returned"): "cancelled",
    # Nothing was granted yet, and from here on nothing will be.
    ("intent", "returned"): "cancelled",
    ("validated", "granted"): "granted",
    # A grant may be under way; "refunding" makes it and takes it back.
    ("validated", "returned"): "refunding",
    ("granted", "returned"): "refunding",
    ("refunding", "taken_back"): "refunded",
}

UNFINISHED: tuple[State, ...] = ("validated", "refunding")
"""The states in which the ledger still has to follow."""

SPENT: tuple[State, ...] = ("intent", "validated", "granted")
"""The states in which a purchase counts as spent: an intent may be paid any moment."""


def after(state: State, signal: Signal) -> State:
    """Return the state that `signal` leads to; `state` itself where it changes nothing.

    >>> after("intent", "paid")
    'validated'
    >>> after("refunded", "paid")
    'refunded'
    """
    return _NEXT.get((state, signal), state)
