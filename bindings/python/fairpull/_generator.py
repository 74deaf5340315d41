"""Random generators as SPEC 7 of Scientific Python has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

# NumPy would load it at the first draw, and what it loads loses a Ctrl-C.
import numpy.random

Rng: TypeAlias = "int | np.random.SeedSequence | np.random.Generator | None"
"""What an `rng` argument takes: None (fresh entropy), a seed, or a generator."""

PcgTuple: TypeAlias = tuple[int, int, int, int, bool, int]
_LOW = (1 << 64) - 1


class Stream:
    """A PCG64 state that the compiled core reads and moves on."""

    def __init__(self, state: PcgTuple) -> None:
        self.state = state


@contextmanager
def stream(rng: Rng) -> Iterator[Stream]:
    """Lend a generator's state to the core.

    A generator over NumPy's PCG64 is used itself: afterwards it stands where
    the core left it. From another bit generator a PCG64 is seeded, so that it
    moves on as well.

    Parameters
    ----------
    rng : None, int, SeedSequence or Generator
        As ``numpy.random.default_rng`` takes it.
    """
    if isinstance(rng, (bool, float, str)):
        raise TypeError(
            f"rng is {rng!r}; it must be None, an integer, a SeedSequence or a "
            "Generator"
        )
    generator = np.random.default_rng(rng)
    bits = generator.bit_generator
    if not isinstance(bits, np.random.PCG64):
        seed = [int(word) for word in generator.integers(0, 1 << 32, 8)]
        bits = np.random.PCG64(seed)
    with bits.lock:
        held = bits.state
        lent = Stream(_to_tuple(held))
        yield lent
        bits.state = _to_state(lent.state)


def _to_tuple(held: Any) -> PcgTuple:
    state, inc = held["state"]["state"], held["state"]["inc"]
    return (
        state >> 64,
        state & _LOW,
        inc >> 64,
        inc & _LOW,
        bool(held["has_uint32"]),
        int(held["uinteger"]),
    )


def _to_state(state: PcgTuple) -> Any:
    return {
        "bit_generator": "PCG64",
        "state": {
            "state": state[0] << 64 | state[1],
            "inc": state[2] << 64 | state[3],
        },
        "has_uint32": int(state[4]),
        "uinteger": state[5],
    }
