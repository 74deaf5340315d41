"""Chains walked draw by draw or hit by hit, and what is written out by hand."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from chain import LEAST, PLACES, Chain, State, decimal


@dataclass
class Answer:
    """An exact distribution; `last` is None where there is no last count."""

    pmf: list[Decimal]
    last: int | None
    mean: Decimal
    variance: Decimal
    first: int
    step: int = 1  # of the entries that are written

    def quantile(self, q: str) -> int:
        """The smallest n with cdf(n) >= q; sums of 60 digits may miss a tie."""
        total = Decimal("1e-50")
        for n, p in enumerate(self.pmf):
            total += p
            if total >= Decimal(q):
                return n
        raise AssertionError("the list ends before the quantile")


def answer(pmf: list[Decimal], last: int | None, first: int = -1) -> Answer:
    """A distribution with its moments."""
    mean = sum((n * p for n, p in enumerate(pmf)), Decimal(0))
    variance = sum(((n - mean) ** 2 * p for n, p in enumerate(pmf)), Decimal(0))
    if first < 0:
        first = next(n for n, p in enumerate(pmf) if p)
    return Answer(pmf, last, mean, variance, first)


Edges = Callable[[Any], list[tuple[Any, int, Decimal]]]


def passage(begin: Any, edges: Edges, hits: int) -> Answer:
    """The draws until `hits` hits, from a state on."""
    numbers = {(begin, 0): 0}
    nodes = [(begin, 0)]
    steps: list[list[tuple[int, Decimal]]] = []
    comes: list[int] = [0]
    for state, seen in nodes:  # grows while it is walked
        out = []
        for to, label, odds in edges(state):
            node = (to, seen + label)
            if node[1] >= hits:
                out.append((-1, odds))
                continue
            if node not in numbers:
                numbers[node] = len(nodes)
                nodes.append(node)
                comes.append(0)
            comes[numbers[node]] += 1
            out.append((numbers[node], odds))
        steps.append(out)
    bounded = _acyclic(steps, comes)
    pmf = [Decimal(0)]
    mass = {0: Decimal(1)}
    while mass:
        met = Decimal(0)
        after: dict[int, Decimal] = {}
        for node, p in mass.items():
            for to, odds in steps[node]:
                if to < 0:
                    met += p * odds
                elif to in after:
                    after[to] += p * odds
                else:
                    after[to] = p * odds
        mass = after
        pmf.append(met)
        if not bounded and sum(mass.values()) < LEAST:
            break
    return answer(pmf, len(pmf) - 1 if bounded else None)


def _acyclic(steps: list[list[tuple[int, Decimal]]], comes: list[int]) -> bool:
    """Whether no node can be come to again."""
    comes = list(comes)
    free = [i for i, n in enumerate(comes) if n == 0]
    for node in free:  # grows while it is walked
        for to, _ in steps[node]:
            if to >= 0:
                comes[to] -= 1
                if comes[to] == 0:
                    free.append(to)
    return len(free) == len(steps)


def hits_in(begin: Any, edges: Edges, draws: int, had: int) -> Answer:
    """The hits of so many draws; mass below 1e-60 of a state is let go."""
    least = Decimal("1e-60")
    now: dict[Any, dict[int, Decimal]] = {begin: {had: Decimal(1)}}
    most = {begin: had}
    fewest = {begin: had}
    for _ in range(draws):
        after: dict[Any, dict[int, Decimal]] = {}
        high: dict[Any, int] = {}
        low: dict[Any, int] = {}
        for state in most:
            row = now.get(state, {})
            for to, label, odds in edges(state):
                high[to] = max(high.get(to, 0), most[state] + label)
                low[to] = min(low.get(to, 1 << 60), fewest[state] + label)
                into = after.setdefault(to, {})
                for hits, p in row.items():
                    if p > least:
                        n = hits + label
                        into[n] = into.get(n, Decimal(0)) + p * odds
        now, most, fewest = after, high, low
    pmf = [Decimal(0)] * (max(most.values()) + 1)
    for row in now.values():
        for hits, p in row.items():
            pmf[hits] += p
    return answer(pmf, len(pmf) - 1, min(fewest.values()))


def by_hits(
    first: list[Decimal],
    wait: list[Decimal],
    begin: Any,
    edges: Edges,
    length: int,
    step: int,
) -> Answer:
    """The draws until one hit that meets the goal, walked from hit to hit.

    `edges` leads from hit to hit of the rarity. The list ends after `length`
    draws; the moments are those of a sum of a random number of waits.
    """
    number = passage(begin, edges, 1)
    one, other = answer(first, None), answer(wait, None)
    mean = one.mean + (number.mean - 1) * other.mean
    variance = (
        one.variance
        + (number.mean - 1) * other.variance
        + number.variance * other.mean**2
    )
    unit = 1 << PLACES
    states = [begin]
    into: list[list[tuple[int, int]]] = [[]]
    met: list[int] = []
    for i, state in enumerate(states):  # grows while it is walked
        met.append(0)
        for to, label, odds in edges(state):
            part = int(odds * unit)
            if label:
                met[i] += part
                continue
            if to not in states:
                states.append(to)
                into.append([])
            into[states.index(to)].append((i, part))
    back = [int(p * unit) for p in reversed(wait[1:])]
    ahead = [int(p * unit) for p in first]
    past = [[0] * len(back) for _ in states]  # hits that led to each state
    pmf = [0]
    for n in range(1, length + 1):
        comes = [sum(map(operator.mul, row, back)) >> PLACES for row in past]
        if n < len(ahead):
            comes[0] += ahead[n]
        pmf.append(sum(map(operator.mul, comes, met)) >> PLACES)
        for row, sources in zip(past, into, strict=True):
            row.append(sum(comes[i] * part for i, part in sources) >> PLACES)
            del row[0]
    scale = Decimal(unit)
    return Answer(
        [Decimal(p) / scale for p in pmf],
        None,
        mean,
        variance,
        next(n for n, p in enumerate(pmf) if p),
        step,
    )


def hits_of_rarity(chain: Chain, rarity: str) -> Edges:
    """The edges of a chain with only the hits of one rarity."""
    player = chain.player
    i = player.names.index(rarity)
    keep = [k for k in chain.keep if not k.startswith("pity:")]

    @cache
    def edges(state: State) -> list[tuple[State, int, Decimal]]:
        kept, missing = state
        value = dict(zip(keep, kept, strict=True))
        found: dict[tuple[State, int], Fraction] = {}
        for group in player.groups:
            player.state = {**chain.start, **value}
            if group.rarity != i:
                continue
            part = player._fraction(group, *player._mode(i))
            player._count(group, group.items[0])
            after = tuple(player.state[k] for k in keep)
            assert chain.goal is not None
            for p, hits, then in chain.goal.see(group, missing):
                met = hits or int(chain.goal.kind == "all" and not any(then))
                key = ((after, then), met)
                found[key] = found.get(key, Fraction(0)) + part * p
        return [(to, met, decimal(p)) for (to, met), p in found.items() if p]

    return edges


# By hand: pools that remember.


def hearthstone(wanted: int, copies: int, pity: int, owned: int) -> Answer:
    """Draws until all of `wanted` legendaries, or one of them `copies` times.

    A state is the packs without one, the place in the pack, whether it held one,
    how many of the wanted are missing, and how many of the others are owned.
    Once all 20 are owned each is one of 20 draws again.
    """
    usual = Fraction(1, 100)

    @cache
    def edges(state: State) -> list[tuple[State, int, Decimal]]:
        packs, place, held, missing, others = state
        odds = Fraction(1) if place == 4 and not held and packs == 39 else usual
        found: list[tuple[Fraction, bool, int, int, int]] = []
        left = missing + 20 - wanted - others
        if left == 0:  # only with one wanted: each of 20 again
            found.append((Fraction(1, 20), True, 0, others, 1))
            found.append((Fraction(19, 20), True, 0, others, 0))
        else:
            if missing:
                met = int(missing == 1)
                found.append((Fraction(missing, left), True, missing - 1, others, met))
            if left > missing:
                part = Fraction(left - missing, left)
                found.append((part, True, missing, others + 1, 0))
        found = [(p * odds, *rest) for p, *rest in found]
        if odds < 1:
            found.append((1 - odds, False, missing, others, 0))
        result = []
        for p, hit, then, more, met in found:
            now = held or hit
            if place == 4:
                to = (0 if now else min(packs + 1, 39), 0, False, then, more)
            else:
                to = (packs, place + 1, now, then, more)
            result.append((to, met, decimal(p)))
        return result

    assert wanted == 1 or copies == 1
    return passage((pity, 0, False, wanted, owned), edges, copies)


PRIZES, STOCK = 10, 300


def box(kind: str, copies: int = 1, taken: int = 0) -> Answer:
    """Draws from the box of 300 with 10 prizes, filled anew once they are gone.

    ``prize`` wants `copies` of any prize, ``one`` so many of a single one,
    ``all`` each of them, ``pair`` a prize and one of another item with 8 in the
    box. A state is the prizes left, the things left, and what is missing.
    """

    def edges(state: State) -> list[tuple[State, int, Decimal]]:
        prizes, things, missing = state
        found: list[tuple[int, int, Any, int]] = []  # parts, prizes, missing, met
        if kind == "prize":
            found = [(prizes, 1, 0, 1), (things - prizes, 0, 0, 0)]
        elif kind == "all":
            found = [
                (missing, 1, missing - 1, int(missing == 1)),
                (prizes - missing, 1, missing, 0),
                (things - prizes, 0, missing, 0),
            ]
        elif kind == "one":  # missing: whether it is in the box
            found = [
                (missing, 1, 0, 1),
                (prizes - missing, 1, missing, 0),
                (things - prizes, 0, missing, 0),
            ]
        else:  # a missing item was never taken, so all of it is there
            prize, other = missing
            rest = things - prizes - 8 * other
            found = [
                (prize, 1, (0, other), int(not other)),
                (prizes - prize, 1, missing, 0),
                (8 * other, 0, (prize, 0), int(not prize)),
                (rest, 0, missing, 0),
            ]
        result = []
        for parts, gone, then, met in found:
            if parts == 0:
                continue
            to = (prizes - gone, things - 1, then)
            if to[0] == 0:
                to = (PRIZES, STOCK, 1 if kind == "one" else then)
            result.append((to, met, decimal(Fraction(parts, things))))
        return result

    start = {"prize": 0, "all": PRIZES, "one": 1, "pair": (1, 1)}[kind]
    return passage((PRIZES, STOCK - taken, start), cache(edges), copies)


# Long-run odds.
