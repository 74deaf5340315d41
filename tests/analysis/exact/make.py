"""Exact answers about the shipped banners, for the library's to be held against.

    python make.py            # checks exact.json, a case a line
    python make.py --write    # makes it anew, in some minutes

The rules are those of tests/engine/golden/reference.py, which was written from
the documents alone; nothing of the library is used. A chain is made by asking the
reference for the odds of each group in a state and for the state that follows,
and is then walked draw by draw in decimals of 60 digits. What is too long for
that is walked hit by hit in fixed point of 220 binary places.

A case names the counters that are kept: the others can't influence its goal and
stay at their start. Left out are

- what lower rarities count, since on one wheel the higher one comes first;
- the guarantee of a rarity, for waits for any item of it;
- `spark`, unless the points buy what the goal wants;
- the place in a batch and its hits, where no rule of the batch moves the odds of
  the goal's rarity (plain tens are ten single pulls).

What needs to know which items are owned or left in a box is written out by hand
below: `hearthstone`, `box`.
"""

from __future__ import annotations

import argparse
import copy
import json
import multiprocessing
import operator
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests" / "engine" / "golden"))

from reference import Batch, Group, Reference  # noqa: E402

DIGITS = 60
SHOWN = 25  # significant digits of what is written
LEAST = Decimal("1e-33")  # mass that is let go where there is no last count
LISTED = Decimal("1e-25")  # where the list of such a distribution ends
EVERY = 1000  # of longer lists each 7th entry is written, or so many
PLACES = 220  # binary places of fixed point
QUANTILES = ("0.10", "0.25", "0.50", "0.75", "0.90", "0.99")

State = tuple[Any, ...]
Edge = tuple[int, int, Decimal]  # to, label, odds


def decimal(value: Fraction) -> Decimal:
    """A fraction to 60 digits."""
    return Decimal(value.numerator) / Decimal(value.denominator)


@cache
def shipped(name: str) -> str:
    """The text of a banner file."""
    path = ROOT / "examples" / "banners" / f"{name}.json"
    return path.read_text(encoding="utf-8")


# What a goal sees of a draw: how much of a group's draws leads to which memory,
# with how many hits.
Seen = list[tuple[Fraction, int, tuple[int, ...]]]


class Goal:
    """A goal as the library words it, on one banner."""

    def __init__(self, player: Reference, text: str) -> None:
        kind, _, name = text.partition(":")
        self.kind = kind
        self.rarity = name
        self.wanted = name.split(",") if kind in ("item", "all") else []
        self.names = player.names
        spark = player.spec.get("spark", {"points": 0, "choose": []})
        self.points = spark["points"]
        self.sold = [
            x["id"]
            for x in player.spec["items"]
            if x["id"] in spark["choose"] and self._wants(player, x)
        ]
        self.classes = self._alike(player) if kind == "all" else []
        self._seen: dict[tuple[int, tuple[int, ...]], Seen] = {}

    def _wants(self, player: Reference, item: dict) -> bool:
        if self.wanted:
            return item["id"] in self.wanted
        if self.kind == "featured" and item["rarity"] == self.rarity:
            rate_up = player._rate_up(self.names.index(self.rarity))
            return rate_up is not None and item["id"] in rate_up["featured"]
        return False

    def _alike(self, player: Reference) -> list[list[str]]:
        """The wanted items, those together that are in the same groups."""
        classes: dict[Any, list[str]] = {}
        for name in self.wanted:
            key = tuple(
                next((x.get("weight", 1) for x in g.items if x["id"] == name), 0)
                for g in player.groups
            )
            classes.setdefault((key, name in self.sold), []).append(name)
        return list(classes.values())

    def start(self) -> tuple[int, ...]:
        """How many of each class of a collection are missing."""
        return tuple(len(x) for x in self.classes)

    def _part(self, group: Group) -> Fraction:
        """The part of a group's draws that meet a goal other than a collection."""
        if self.kind == "item":
            weights = {x["id"]: x.get("weight", 1) for x in group.items}
            return Fraction(weights.get(self.wanted[0], 0), sum(weights.values()))
        met = self.names[group.rarity] == self.rarity
        if self.kind == "featured":
            met = met and group.pool == "featured"
        if self.kind == "chosen":
            met = met and group.way == "chosen"
        return Fraction(met)

    def see(self, group: Group, missing: tuple[int, ...]) -> Seen:
        """What a draw of a group is to the goal."""
        key = (id(group), missing)
        if key not in self._seen:
            self._seen[key] = self._see(group, missing)
        return self._seen[key]

    def _see(self, group: Group, missing: tuple[int, ...]) -> Seen:
        if self.kind != "all":
            part = self._part(group)
            return [(p, n, ()) for p, n in ((1 - part, 0), (part, 1)) if p]
        weights = {x["id"]: x.get("weight", 1) for x in group.items}
        total = sum(weights.values())
        seen: Seen = []
        left = Fraction(1)
        for c, names in enumerate(self.classes):
            part = Fraction(missing[c] * weights.get(names[0], 0), total)
            if part:
                seen.append((part, 0, _less(missing, c)))
                left -= part
        return [*seen, (left, 0, missing)] if left else seen

    def buy(self, missing: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        """What one exchange of points brings: hits and memory."""
        if self.kind != "all":
            return 1, missing
        for c, names in enumerate(self.classes):
            if missing[c] and names[0] in self.sold:
                return 0, _less(missing, c)
        return 0, missing


def _less(missing: tuple[int, ...], c: int) -> tuple[int, ...]:
    return (*missing[:c], missing[c] - 1, *missing[c + 1 :])


def merged(seen: Seen) -> Seen:
    """The same with equal outcomes put together."""
    parts: dict[tuple[int, tuple[int, ...]], Fraction] = {}
    for part, hits, missing in seen:
        parts[hits, missing] = parts.get((hits, missing), Fraction(0)) + part
    return [(p, *key) for key, p in parts.items()]


@dataclass
class Setting:
    """How a chain is cut down: counters kept, and what of a batch is."""

    keep: tuple[str, ...]
    batch: int | None = None  # only where its rules matter
    hits: dict[str, int] = field(default_factory=dict)  # rarity to highest count


class Chain:
    """States and edges of draws; the label of an edge is how many hits it has.

    A state is the kept counters, the place in the batch, the counters at its
    start where odds are frozen, the hits in it, and the goal's memory.
    """

    def __init__(
        self,
        spec: dict,
        setting: Setting,
        goal: Goal | None = None,
        label: Callable[[Group], int] | None = None,
    ) -> None:
        self.player = Reference(spec)
        self.start = dict(self.player.state)
        self.goal = goal
        self.label = label
        self.keep = setting.keep
        assert set(self.keep) <= self.start.keys(), self.keep
        self.caps = [setting.hits.get(name, 0) for name in self.player.names]
        self.rules: dict = {"size": 1, "bonus": 0}
        if setting.batch is not None:
            sold = self.player.batches
            self.rules = next(b for b in sold if b["size"] == setting.batch)
        self.draws = self.rules["size"] + self.rules["bonus"]
        self.frozen = bool(spec.get("frozen_odds")) and self.draws > 1
        self.numbers: dict[State, int] = {}
        self.states: list[State] = []
        self._edges: dict[int, list[Edge]] = {}
        self._known: dict[Any, list[tuple[Fraction, Group]]] = {}
        if goal is not None:
            self.gifts = self._gifts()

    def number(self, state: State) -> int:
        """The index of a state."""
        if state not in self.numbers:
            self.numbers[state] = len(self.states)
            self.states.append(state)
        return self.numbers[state]

    def begin(self, given: dict[str, int]) -> tuple[int, int]:
        """The state of a player's counters, and the hits that points buy at once."""
        value = {k: given.get(k, self.start[k]) for k in self.keep}
        missing = self.goal.start() if self.goal else ()
        hits, missing = self._exchange(value, missing)
        state = (tuple(value[k] for k in self.keep), 0, (), self._none(), missing)
        return self.number(state), hits

    def edges(self, state: int) -> list[Edge]:
        """What follows a state."""
        if state not in self._edges:
            self._edges[state] = self._expand(self.states[state])
        return self._edges[state]

    def _none(self) -> tuple[int, ...]:
        return (0,) * len(self.caps)

    def _gifts(self) -> list[tuple[str, int, Callable[[tuple[int, ...]], Seen]]]:
        """The detached draws that milestones give: counter, number, what is seen."""
        gifts = []
        for n, gift in enumerate(self.player.spec.get("milestones", []), 1):
            if f"milestone:{n}" not in self.keep:
                continue
            draws = gift["gives"]["draws"]

            def see(missing: tuple[int, ...], draws: int = draws) -> Seen:
                self.player.state = dict(self.start)
                seen: Seen = [(Fraction(1), 0, missing)]
                one = self._outcomes({"size": 1, "bonus": 0}, 0, {}, ())
                assert self.goal is not None
                for _ in range(draws):
                    seen = merged(
                        [
                            (p * odds * part, hits + more, then)
                            for p, hits, had in seen
                            for odds, group in one
                            for part, more, then in self.goal.see(group, had)
                        ]
                    )
                return seen

            gifts.append((f"milestone:{n}", gift["at"], see))
        return gifts

    def _exchange(
        self, value: dict[str, int], missing: tuple[int, ...]
    ) -> tuple[int, tuple[int, ...]]:
        hits = 0
        if self.goal and "spark" in value:
            while value["spark"] >= self.goal.points:
                value["spark"] -= self.goal.points
                more, missing = self.goal.buy(missing)
                hits += more
        return hits, missing

    def _outcomes(
        self, rules: dict, place: int, at_start: dict, hits: tuple[int, ...]
    ) -> list[tuple[Fraction, Group]]:
        """The odds of each group; points and milestones don't move them."""
        player = self.player
        now = player.state
        steer = (now[k] for k in self.keep if k[:5] not in ("spark", "miles"))
        key = (*steer, rules["size"], place, *at_start.values(), *hits)
        if key not in self._known:
            batch = Batch(
                rules, rules["size"] + rules["bonus"] - place, {**now, **at_start}
            )
            batch.hits = list(hits or self._none())
            rarities = player._odds(batch)
            odds = [
                (rarities[g.rarity] * player._fraction(g, *player._mode(g.rarity)), g)
                for g in player.groups
                if rarities[g.rarity]
            ]
            self._known[key] = [(p, g) for p, g in odds if p]
        return self._known[key]

    def _expand(self, state: State) -> list[Edge]:
        kept, place, frozen, hits, missing = state
        player = self.player
        value = dict(zip(self.keep, kept, strict=True))
        before = {**self.start, **value}
        player.state = dict(before)
        rules = self.rules
        if "step_up" in player.spec:
            step = player.spec["step_up"]["steps"][before["step"] - 1]
            rules = {**rules, **{k: step[k] for k in ("slot",) if k in step}}
        at_start = dict(zip(self.keep, frozen, strict=False)) if frozen else {}
        found: dict[tuple[int, int], Fraction] = {}
        for odds, group in self._outcomes(rules, place, at_start, hits):
            player.state = dict(before)
            player._count(group, group.items[0])
            now = list(hits)
            i = group.rarity
            now[i] = min(now[i] + 1, self.caps[i])
            if place + 1 == self.draws:
                player._count_batch(now)
            after = {k: player.state[k] for k in self.keep}
            for part, label, memory in self._see(group, before, missing):
                left = dict(after)
                more, then = self._exchange(left, memory)
                values = tuple(left[k] for k in self.keep)
                if self.goal and self.goal.kind == "all" and not any(then):
                    more = 1
                if place + 1 == self.draws:
                    to: State = (values, 0, (), self._none(), then)
                else:
                    was = (frozen or kept) if self.frozen else ()
                    to = (values, place + 1, was, tuple(now), then)
                key = (self.number(to), label + more)
                found[key] = found.get(key, Fraction(0)) + odds * part
        assert sum(found.values()) == 1
        return [(to, label, decimal(p)) for (to, label), p in found.items()]

    def _see(self, group: Group, before: dict, missing: tuple[int, ...]) -> Seen:
        if self.goal is None:
            return [(Fraction(1), self.label(group) if self.label else 0, ())]
        seen = self.goal.see(group, missing)
        for counter, at, see in self.gifts:
            if before[counter] == at - 1:
                seen = merged(
                    [
                        (p * q, hits + more, then)
                        for p, hits, had in seen
                        for q, more, then in see(had)
                    ]
                )
        return seen


# Distributions.


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


def stationary(rows: list[dict[int, Any]]) -> list[Any]:
    """The stationary distribution of a chain, by elimination without differences."""
    n = len(rows)
    if n == 1:
        return [1]
    table = [[row.get(j, 0) for j in range(n)] for row in rows]
    for k in range(n - 1, 0, -1):
        total = sum(table[k][:k])
        for i in range(k):
            if table[i][k]:
                table[i][k] /= total
                for j in range(k):
                    if table[k][j]:
                        table[i][j] += table[i][k] * table[k][j]
    result = [1]
    for k in range(1, n):
        result.append(sum(result[i] * table[i][k] for i in range(k)))
    total = sum(result)
    return [x / total for x in result]


def rates(chain: Chain, begin: int, labels: int, cut: str) -> list[Decimal]:
    """How often each label is drawn in the long run.

    The chain is cut at its batches or at its hits of label 0; between two cuts
    it is walked, and the small chain of the cuts is solved.
    """
    order = [begin]
    rows: list[dict[int, Decimal]] = []
    counts: list[list[Decimal]] = []
    for state in order:  # grows while it is walked
        row: dict[int, Decimal] = {}
        count = [Decimal(0)] * labels
        mass = {state: Decimal(1)}
        while mass and sum(mass.values()) > Decimal("1e-55"):
            after: dict[int, Decimal] = {}
            for node, p in mass.items():
                for to, label, odds in chain.edges(node):
                    count[label] += p * odds
                    at_batch = cut == "batch" and chain.states[to][1] == 0
                    if at_batch or (cut == "hit" and label == 0):
                        if to not in order:
                            order.append(to)
                        j = order.index(to)
                        row[j] = row.get(j, Decimal(0)) + p * odds
                    else:
                        after[to] = after.get(to, Decimal(0)) + p * odds
            mass = after
        rows.append(row)
        counts.append(count)
    weights = recurrent(rows)
    sums = [
        sum((w * counts[s][i] for s, w in weights.items()), Decimal(0))
        for i in range(labels)
    ]
    total = sum(sums)
    return [x / total for x in sums]


def recurrent(rows: list[dict[int, Any]]) -> dict[int, Any]:
    """The states that are seen again and again, with their share of all."""

    def reached(i: int) -> frozenset[int]:
        seen = [i]
        known = {i}
        for at in seen:  # grows while it is walked
            seen += [to for to in rows[at] if to not in known]
            known.update(rows[at])
        return frozenset(known)

    every = [reached(i) for i in range(len(rows))]
    places = sorted(min(every, key=len))
    assert all(set(places) <= one for one in every), "luck decides where one stays"
    number = {s: k for k, s in enumerate(places)}
    inside = [{number[j]: p for j, p in rows[s].items()} for s in places]
    return dict(zip(places, stationary(inside), strict=True))


def shares(player: Reference, i: int) -> list[Fraction]:
    """The part of a rarity's hits that each group has in the long run.

    From hit to hit: guarantee, losses and fate points, with the first featured
    item chosen. What is `featured_within` once is spent.
    """
    start = dict(player.state)
    for key in start:
        if key.startswith("featured_spent:"):
            start[key] = 1
    groups = [g for g in player.groups if g.rarity == i]
    order = [start]
    rows: list[dict[int, Fraction]] = []
    parts: list[list[Fraction]] = []
    for state in order:  # grows while it is walked
        row: dict[int, Fraction] = {}
        part = []
        for group in groups:
            player.state = dict(state)
            part.append(player._fraction(group, *player._mode(i)))
            if part[-1]:
                player._count_pools(group)
                if player.state not in order:
                    order.append(dict(player.state))
                j = order.index(player.state)
                row[j] = row.get(j, Fraction(0)) + part[-1]
        rows.append(row)
        parts.append(part)
    weights = recurrent(rows)
    return [
        sum((w * parts[s][g] for s, w in weights.items()), Fraction(0))
        for g in range(len(groups))
    ]


# Batches whose rules move the odds of some rarity, and the hits that they read.
RULED = {
    ("bluearchive-pickup", 10): {"3-star": 1, "2-star": 1},
    ("dragalia", 10): {"5-star": 1},
    ("feh-focus", 5): {},
    ("fgo-single", 10): {"5-star": 1, "4-star": 1},
    ("granblue-gala", 10): {},
    ("hearthstone-pack", 5): {"legendary": 1, "epic": 1, "rare": 1},
    ("reverse1999", 10): {"6-star": 1, "5-star": 1, "4-star": 1},
    ("stepup-asteria", 10): {"5-star": 1},
}


def long_run(spec: dict, batch: int) -> dict[str, dict[str, Decimal]]:
    """The odds of each rarity and item in the long run."""
    player = Reference(spec)
    if player.box:
        return box_rates(player)
    hits = RULED.get((spec["id"], batch))
    keep = [k for k in player.state if k.startswith("pity:") or k == "step"]
    setting = Setting(tuple(keep))
    if hits is not None:
        setting = Setting(tuple(keep), batch, hits)
    chain = Chain(spec, setting, label=operator.attrgetter("rarity"))
    begin, _ = chain.begin({})
    by_batch = hits is not None or len(player.curves[0]) == 1
    rarities = rates(chain, begin, len(player.names), "batch" if by_batch else "hit")
    items = {x["id"]: Decimal(0) for x in spec["items"]}
    for i in player._all():
        groups = [g for g in player.groups if g.rarity == i]
        if (spec["id"], i) == ("arknights-standard", 0):
            parts = arknights_shares(spec)
        else:
            parts = [decimal(Fraction(x)) for x in shares(Reference(spec), i)]
        for group, part in zip(groups, parts, strict=True):
            total = sum(x.get("weight", 1) for x in group.items)
            for x in group.items:
                items[x["id"]] += rarities[i] * part * x.get("weight", 1) / total
    return {
        "rarities": dict(zip(player.names, rarities, strict=True)),
        "items": items,
    }


def arknights_shares(spec: dict) -> list[Decimal]:
    """Those of featured 6-stars and others: a cycle ends with a featured one."""
    keep = ("pity:6-star", "featured_pity:6-star")

    def label(group: Group) -> int:
        if group.rarity:
            return 2
        return 0 if group.pool == "featured" else 1

    chain = Chain(spec, Setting(keep), label=label)
    begin, _ = chain.begin({})
    featured, others, _ = rates(chain, begin, 3, "hit")
    return [featured / (featured + others), others / (featured + others)]


def box_rates(player: Reference) -> dict[str, dict[str, Decimal]]:
    """A box holds 10 prizes; by symmetry the last is the 273.6th of 300 things."""
    drawn = Fraction(PRIZES * (STOCK + 1), PRIZES + 1)
    rest = (drawn - PRIZES) / (STOCK - PRIZES)
    items = {}
    for x in player.spec["items"]:
        count = x["stock"] * (1 if x["rarity"] == "prize" else rest)
        items[x["id"]] = decimal(Fraction(count) / drawn)
    prize = decimal(PRIZES / drawn)
    return {"rarities": {"prize": prize, "other": 1 - prize}, "items": items}


# Cases.


@dataclass
class Case:
    """What is asked, and how it is answered."""

    name: str
    banner: str
    goal: str = ""
    copies: int = 1
    state: dict[str, int] = field(default_factory=dict)
    batch: int | None = None
    pulls: int | None = None  # for hits in so many
    keep: tuple[str, ...] = ()
    ruled: bool = False  # whether the batch's rules matter to the goal
    edits: dict[str, Any] = field(default_factory=dict)  # JSON pointer to value
    file: dict | None = None  # a banner that does not ship
    by_hand: Callable[[], Answer] | None = None
    hit_by_hit: tuple[str, int, int] | None = None  # rarity, length, step

    def spec(self) -> dict:
        """The banner's file with the edits."""
        spec = self.file or json.loads(shipped(self.banner))
        return edited(spec, self.edits)


def edited(spec: dict, edits: dict[str, Any]) -> dict:
    """A banner file with the values at some JSON pointers put in their place."""
    spec = copy.deepcopy(spec)
    for pointer, value in edits.items():
        *path, last = pointer.split("/")[1:]
        at: Any = spec
        for key in path:
            at = at[int(key)] if isinstance(at, list) else at[key]
        at[int(last) if isinstance(at, list) else last] = value
    return spec


def kept(rarity: str, *names: str) -> tuple[str, ...]:
    """Counters of one rarity."""
    return tuple(f"{name}:{rarity}" for name in names)


S5 = kept("5-star", "pity", "guarantee")
S6 = kept("6-star", "pity", "guarantee")
RADIANCE = (*S5, "losses:5-star")
FATE = (*S5, "fate:5-star", "chosen:5-star")
FOUR = (*kept("5-star", "pity"), *kept("4-star", "pity"))
FOUR_UP = (*FOUR, "guarantee:4-star")
RANK_S = kept("s-rank", "pity", "guarantee")
RANK_A = ("pity:s-rank", "pity:a-rank", "guarantee:a-rank")
WITHIN = kept("6-star", "pity", "featured_pity")
ENDFIELD = (*WITHIN, "featured_spent:6-star", "milestone:1")
ONCE = kept("5-star", "featured_pity", "featured_spent")

COUPON = {
    "id": "coupon",
    "price": {"currency": "coin", "amount": 1},
    "batches": [1],
    "rarities": [{"id": "card", "odds": "100%"}],
    "items": [
        {"id": f"card-{n}", "name": f"card {n}", "type": "card", "rarity": "card"}
        for n in range(1, 21)
    ],
}
WEIGHTED = {
    **COUPON,
    "id": "weighted",
    "items": [
        {
            "id": f"card-{n}",
            "name": f"card {n}",
            "type": "card",
            "rarity": "card",
            "weight": n,
        }
        for n in range(1, 7)
    ],
}


def _every(banner: str, rarity: str, only: Callable[[str], bool] = bool) -> str:
    spec = json.loads(shipped(banner))
    names = [x["id"] for x in spec["items"] if x["rarity"] == rarity]
    return "all:" + ",".join(x for x in names if only(x))


def genshin_cases() -> list[Case]:
    """Genshin's banners and the one that is like them."""
    g, r = "genshin-character", "genshin-character-radiance"
    w1, w2 = "genshin-weapon-path1", "genshin-weapon-path2"
    any5, up5 = "rarity:5-star", "featured:5-star"
    p5, g5 = "pity:5-star", "guarantee:5-star"
    four = "all:featured-4-star-1,featured-4-star-2,featured-4-star-3"
    return [
        Case("genshin any 5-star", g, any5, keep=(p5,)),
        Case("genshin any 5-star pity 20", g, any5, state={p5: 20}, keep=(p5,)),
        Case("genshin any 5-star pity 89", g, any5, state={p5: 89}, keep=(p5,)),
        Case("genshin featured x1", g, up5, keep=S5),
        Case("genshin featured x1 in tens", g, up5, batch=10, keep=S5),
        Case("genshin featured x1 pity 75", g, up5, state={p5: 75}, keep=S5),
        Case(
            "genshin featured x1 pity 40 guarantee 1",
            g,
            up5,
            state={p5: 40, g5: 1},
            keep=S5,
        ),
        Case("genshin featured x3 pity 75", g, up5, 3, {p5: 75}, keep=S5),
        Case("genshin featured x7", g, up5, 7, keep=S5),
        Case(
            "genshin standard item x1",
            g,
            "item:standard-5-star-1",
            keep=S5,
            hit_by_hit=("5-star", 14000, 14),
        ),
        Case("genshin any 4-star", g, "rarity:4-star", keep=FOUR),
        Case("genshin any 4-star x5", g, "rarity:4-star", 5, keep=FOUR),
        Case(
            "genshin any 4-star overdue",
            g,
            "rarity:4-star",
            state={p5: 80, "pity:4-star": 9},
            keep=FOUR,
        ),
        Case("genshin featured 4-star item", g, "item:featured-4-star-2", keep=FOUR_UP),
        Case("genshin all featured 4-stars", g, four, keep=FOUR_UP),
        Case(
            "genshin 5-stars, 1 featured and 2 others, all",
            g,
            "all:featured-5-star,standard-5-star-1,standard-5-star-2",
            keep=S5,
            hit_by_hit=("5-star", 12000, 12),
        ),
        Case("genshin any 5-star in 90 pulls", g, any5, pulls=90, keep=(p5,)),
        Case("genshin featured in 90 pulls", g, up5, pulls=90, keep=S5),
        Case("genshin featured in 500 pulls", g, up5, pulls=500, keep=S5),
        Case("genshin any 4-star in 30 pulls", g, "rarity:4-star", pulls=30, keep=FOUR),
        Case("radiance x1", r, up5, keep=RADIANCE),
        Case("radiance x1 losses 3", r, up5, state={"losses:5-star": 3}, keep=RADIANCE),
        Case("radiance x2", r, up5, 2, keep=RADIANCE),
        Case("radiance x7", r, up5, 7, keep=RADIANCE),
        Case("radiance in 90 pulls", r, up5, pulls=90, keep=RADIANCE),
        Case(
            "radiance in 200 pulls losses 2 pity 60",
            r,
            up5,
            state={"losses:5-star": 2, p5: 60},
            pulls=200,
            keep=RADIANCE,
        ),
        Case("path1 chosen x1", w1, "chosen:5-star", keep=FATE),
        Case(
            "path1 chosen x1 fate 1",
            w1,
            "chosen:5-star",
            state={"fate:5-star": 1},
            keep=FATE,
        ),
        Case("path1 chosen x2", w1, "chosen:5-star", 2, keep=FATE),
        Case("path1 featured x1", w1, up5, keep=FATE),
        Case("path1 other featured item", w1, "item:wolfs-gravestone", keep=FATE),
        Case(
            "path1 both featured",
            w1,
            "all:staff-of-homa,wolfs-gravestone",
            state={g5: 1},
            keep=FATE,
        ),
        Case(
            "path1 all eleven 5-stars",
            w1,
            _every(w1, "5-star"),
            keep=FATE,
            hit_by_hit=("5-star", 24000, 24),
        ),
        Case("path1 any 5-star", w1, any5, keep=(p5,)),
        Case("path2 chosen x1", w2, "chosen:5-star", keep=FATE),
        Case(
            "path2 chosen x1 fate 1 guarantee 1",
            w2,
            "chosen:5-star",
            state={"fate:5-star": 1, g5: 1},
            keep=FATE,
        ),
        Case("path2 chosen x2", w2, "chosen:5-star", 2, keep=FATE),
        Case(
            "path2 chosen x1 second chosen",
            w2,
            "chosen:5-star",
            state={"chosen:5-star": 1, p5: 30},
            keep=FATE,
        ),
        Case("path2 item", w2, "item:staff-of-homa", keep=FATE),
        Case(
            "starter featured x1",
            "starter",
            "featured:ultra_rare",
            keep=kept("ultra_rare", "pity", "guarantee"),
        ),
        Case(
            "starter featured x2 pity 10",
            "starter",
            "featured:ultra_rare",
            2,
            {"pity:ultra_rare": 10},
            keep=kept("ultra_rare", "pity", "guarantee"),
        ),
    ]


def pity_cases() -> list[Case]:
    """Other games with pity and guarantee."""
    hsr, cone = "hsr-character", "hsr-lightcone"
    agent, engine, wuwa = "zzz-agent", "zzz-engine", "wuwa-character"
    up5, r4 = "featured:5-star", "rarity:4-star"
    rev, ark, lim = "reverse1999", "arknights-standard", "arknights-limited"
    end, up6 = "endfield-character", "featured:6-star"
    spark = ("pity:6-star", "spark")
    three = {"6-star": 1, "5-star": 1, "4-star": 1}
    assert RULED[rev, 10] == three
    return [
        Case("hsr featured x1", hsr, up5, keep=S5),
        Case("hsr featured x7", hsr, up5, 7, keep=S5),
        Case(
            "hsr off item",
            hsr,
            "item:himeko",
            keep=S5,
            hit_by_hit=("5-star", 14000, 14),
        ),
        Case("hsr featured in 180 pulls", hsr, up5, pulls=180, keep=S5),
        Case("hsr cone featured x1", cone, up5, keep=S5),
        Case("hsr cone featured x5", cone, up5, 5, keep=S5),
        Case("hsr cone any 4-star", cone, r4, keep=FOUR),
        Case("zzz agent featured x1", agent, "featured:s-rank", keep=RANK_S),
        Case("zzz agent featured x2", agent, "featured:s-rank", 2, keep=RANK_S),
        Case("zzz agent any A", agent, "rarity:a-rank", keep=RANK_A[:2]),
        Case(
            "zzz agent any A pity 6, S pity 70",
            agent,
            "rarity:a-rank",
            state={"pity:a-rank": 6, "pity:s-rank": 70},
            keep=RANK_A[:2],
        ),
        Case("zzz agent A item", agent, "item:soukaku", keep=RANK_A),
        Case("zzz engine featured x1", engine, "featured:s-rank", keep=RANK_S),
        Case("zzz engine any A x3", engine, "rarity:a-rank", 3, keep=RANK_A[:2]),
        Case("wuwa featured x1", wuwa, up5, keep=S5),
        Case("wuwa featured x3", wuwa, up5, 3, keep=S5),
        Case("wuwa any 4-star", wuwa, r4, keep=FOUR),
        Case("wuwa featured 4-star", wuwa, "featured:4-star", keep=FOUR_UP),
        Case("wuwa 4-star in 40 pulls", wuwa, r4, pulls=40, keep=FOUR),
        Case("arknights any 6-star", ark, "rarity:6-star", keep=("pity:6-star",)),
        Case("arknights featured x1", ark, up6, keep=WITHIN),
        Case("arknights featured x2", ark, up6, 2, keep=WITHIN),
        Case(
            "arknights item of two in 160 pulls",
            ark,
            "item:shining",
            pulls=160,
            keep=WITHIN,
        ),
        Case(
            "arknights featured x1 within 140, pity 30",
            ark,
            up6,
            state={"pity:6-star": 30, "featured_pity:6-star": 140},
            keep=WITHIN,
        ),
        Case(
            "arknights featured 5-star in 100 pulls",
            ark,
            "featured:5-star",
            pulls=100,
            keep=("pity:6-star",),
        ),
        Case("arknights limited x1, exchange", lim, "item:nian", keep=spark),
        Case(
            "arknights limited x1, 250 points",
            lim,
            "item:nian",
            state={"spark": 250},
            keep=spark,
        ),
        Case(
            "arknights limited x2, 310 points",
            lim,
            "item:aak",
            2,
            {"spark": 310},
            keep=spark,
        ),
        Case("arknights limited featured x3", lim, up6, 3, keep=spark),
        Case("arknights limited both", lim, "all:nian,aak", keep=spark),
        Case(
            "arknights limited off item",
            lim,
            "item:saria",
            keep=("pity:6-star",),
            hit_by_hit=("6-star", 14000, 14),
        ),
        Case("endfield featured x1", end, up6, keep=ENDFIELD),
        Case("endfield featured x2", end, up6, 2, keep=ENDFIELD),
        Case(
            "endfield featured x1 spent",
            end,
            up6,
            state={"featured_spent:6-star": 1, "milestone:1": 30, "pity:6-star": 40},
            keep=ENDFIELD,
        ),
        Case(
            "endfield featured x1 after 100",
            end,
            up6,
            state={
                "featured_pity:6-star": 100,
                "milestone:1": 30,
                "pity:6-star": 20,
            },
            keep=ENDFIELD,
        ),
        Case(
            "endfield any 5-star",
            end,
            "rarity:5-star",
            keep=("pity:5-star", *ENDFIELD),
        ),
        Case("endfield featured in 120 pulls", end, up6, pulls=120, keep=ENDFIELD),
        Case("endfield featured in 200 pulls", end, up6, pulls=200, keep=ENDFIELD),
        Case("reverse featured x1", rev, up6, keep=S6),
        Case("reverse featured x1 in tens", rev, up6, batch=10, keep=S6),
        Case("reverse featured x2 in tens", rev, up6, 2, batch=10, keep=S6),
        Case(
            "reverse any 4-star in tens",
            rev,
            r4,
            batch=10,
            keep=("pity:6-star",),
            ruled=True,
        ),
        Case(
            "reverse any 3-star in tens pity 65",
            rev,
            "rarity:3-star",
            state={"pity:6-star": 65},
            batch=10,
            keep=("pity:6-star",),
            ruled=True,
        ),
    ]


def other_cases() -> list[Case]:
    """Exchanges, batches, boxes and packs."""
    blue, fgo, gala = "bluearchive-pickup", "fgo-single", "granblue-gala"
    feh, dragalia, nikke = "feh-focus", "dragalia", "nikke-pickup"
    pack, boxes, step = "hearthstone-pack", "box-300", "stepup-asteria"
    five, p5 = "rarity:5-star", ("pity:5-star",)
    prizes = _every(boxes, "prize")
    cards = [f"card-{n}" for n in range(1, 21)]
    return [
        Case("bluearchive featured x1", blue, "item:mashiro", keep=("spark",)),
        Case("bluearchive featured x2", blue, "featured:3-star", 2, keep=("spark",)),
        Case(
            "bluearchive featured x2 in tens, 199 points",
            blue,
            "featured:3-star",
            2,
            {"spark": 199},
            10,
            keep=("spark",),
        ),
        Case("bluearchive any 3-star", blue, "rarity:3-star"),
        Case("bluearchive 2-star in tens", blue, "rarity:2-star", batch=10, ruled=True),
        Case(
            "bluearchive 2-stars in 40 pulls in tens",
            blue,
            "rarity:2-star",
            batch=10,
            pulls=40,
            ruled=True,
        ),
        Case(
            "bluearchive featured in 450 pulls",
            blue,
            "featured:3-star",
            pulls=450,
            keep=("spark",),
        ),
        Case(
            "bluearchive featured in 90 pulls, 150 points",
            blue,
            "featured:3-star",
            state={"spark": 150},
            pulls=90,
            keep=("spark",),
        ),
        Case("fgo featured x1", fgo, "featured:5-star", keep=ONCE),
        Case("fgo featured x2", fgo, "featured:5-star", 2, keep=ONCE),
        Case("fgo featured x1 in elevens", fgo, "featured:5-star", batch=10, keep=ONCE),
        Case(
            "fgo 4-star in elevens",
            fgo,
            "rarity:4-star",
            batch=10,
            keep=ONCE,
            ruled=True,
        ),
        Case("fgo featured in 400 pulls", fgo, "featured:5-star", pulls=400, keep=ONCE),
        Case("granblue item in singles", gala, "item:galleon", keep=("spark",)),
        Case(
            "granblue item in tens",
            gala,
            "item:galleon",
            batch=10,
            keep=("spark",),
            ruled=True,
        ),
        Case(
            "granblue item x2 in tens, 100 points",
            gala,
            "item:galleon",
            2,
            {"spark": 100},
            10,
            keep=("spark",),
            ruled=True,
        ),
        Case("granblue any SR in tens", gala, "rarity:sr", batch=10, ruled=True),
        Case("nikke featured x1", nikke, "featured:ssr", keep=("spark",)),
        Case("nikke featured x3", nikke, "featured:ssr", 3, keep=("spark",)),
        Case("nikke pilgrim", nikke, "item:scarlet"),
        Case("feh any 5-star in singles", feh, five, keep=p5),
        Case("feh any 5-star in fives", feh, five, batch=5, keep=p5, ruled=True),
        Case("feh any 5-star x2 in fives", feh, five, 2, batch=5, keep=p5, ruled=True),
        Case(
            "feh any 5-star in fives pity 118",
            feh,
            five,
            state={"pity:5-star": 118},
            batch=5,
            keep=p5,
            ruled=True,
        ),
        Case(
            "feh focus in fives", feh, "featured:5-star", batch=5, keep=p5, ruled=True
        ),
        Case("feh any 4-star", feh, "rarity:4-star", keep=p5),
        Case(
            "feh 5-stars in 25 pulls in fives",
            feh,
            five,
            batch=5,
            pulls=25,
            keep=p5,
            ruled=True,
        ),
        Case("dragalia any 5-star in singles", dragalia, five, keep=p5),
        Case(
            "dragalia any 5-star in tens", dragalia, five, batch=10, keep=p5, ruled=True
        ),
        Case(
            "dragalia any 5-star x3 in tens",
            dragalia,
            five,
            3,
            batch=10,
            keep=p5,
            ruled=True,
        ),
        Case(
            "dragalia any 5-star x2 in tens pity 100",
            dragalia,
            five,
            2,
            {"pity:5-star": 100},
            10,
            keep=p5,
            ruled=True,
        ),
        Case("cs2 rare special", "cs2-case", "rarity:rare-special"),
        Case(
            "hearthstone any legendary",
            pack,
            "rarity:legendary",
            keep=("pity:legendary",),
            ruled=True,
        ),
        Case(
            "hearthstone any legendary x3, 35 packs",
            pack,
            "rarity:legendary",
            3,
            {"pity:legendary": 35},
            keep=("pity:legendary",),
            ruled=True,
        ),
        Case("hearthstone any rare", pack, "rarity:rare", ruled=True),
        Case(
            "hearthstone item",
            pack,
            "item:deathwing",
            by_hand=lambda: hearthstone(1, 1, 0, 0),
        ),
        Case(
            "hearthstone item, 15 others owned, 20 packs",
            pack,
            "item:deathwing",
            state={
                "pity:legendary": 20,
                **{
                    f"owned:{name}": 1
                    for name in _every(pack, "legendary")[4:].split(",")
                    if name != "deathwing"
                },
                "owned:malygos": 0,
                "owned:gruul": 0,
                "owned:hogger": 0,
                "owned:cenarius": 0,
            },
            by_hand=lambda: hearthstone(1, 1, 20, 15),
        ),
        Case(
            "hearthstone three legendaries, all",
            pack,
            "all:deathwing,malygos,gruul",
            by_hand=lambda: hearthstone(3, 1, 0, 0),
        ),
        Case("box all prizes", boxes, prizes, by_hand=lambda: box("all")),
        Case("box one prize", boxes, "item:prize-1", by_hand=lambda: box("one")),
        Case(
            "box one prize x2", boxes, "item:prize-1", 2, by_hand=lambda: box("one", 2)
        ),
        Case(
            "box 12 prizes", boxes, "rarity:prize", 12, by_hand=lambda: box("prize", 12)
        ),
        Case(
            "box one prize, 60 things gone",
            boxes,
            "item:prize-3",
            state={"taken:gold-bag": 50, "taken:star-shard": 8, "taken:moon-shard": 2},
            by_hand=lambda: box("one", 1, 60),
        ),
        Case(
            "box a prize and a shard",
            boxes,
            "all:prize-1,star-shard",
            by_hand=lambda: box("pair"),
        ),
        Case(
            "stepup any 5-star in tens",
            step,
            five,
            batch=10,
            keep=("step",),
            ruled=True,
        ),
        Case(
            "stepup any 5-star x3 in tens step 4",
            step,
            five,
            3,
            {"step": 4},
            10,
            keep=("step",),
            ruled=True,
        ),
        Case("20 equal items, all", "", "all:" + ",".join(cards), file=COUPON),
        Case(
            "11 of 20 equal items, all", "", "all:" + ",".join(cards[:11]), file=COUPON
        ),
        Case("6 unequal items, all", "", "all:" + ",".join(cards[:6]), file=WEIGHTED),
    ]


def long_run_cases() -> list[Case]:
    """Long-run odds of every banner, in its smallest and its largest batch."""
    cases = []
    for path in sorted((ROOT / "examples" / "banners").glob("*.json")):
        sizes = [b["size"] for b in Reference(json.loads(shipped(path.stem))).batches]
        for size in sorted({min(sizes), max(sizes)}):
            cases.append(Case(f"long run {path.stem} {size}", path.stem, batch=size))
    rules: list[tuple[str, str, int, dict[str, Any]]] = [
        ("overflow independent", "genshin-character", 1, {"/overflow": "independent"}),
        ("overflow normalise", "genshin-character", 1, {"/overflow": "normalise"}),
        (
            "overflow scale_filler",
            "genshin-character",
            1,
            {"/overflow": "scale_filler"},
        ),
        (
            "higher hit resets",
            "genshin-character",
            1,
            {"/rarities/1/on_higher_hit": "reset"},
        ),
        (
            "higher hit freezes",
            "genshin-character",
            1,
            {"/rarities/1/on_higher_hit": "freeze"},
        ),
        (
            "last slot always",
            "bluearchive-pickup",
            10,
            {
                "/batches/1": {
                    "size": 10,
                    "slot": {"draw": 10, "odds": {"3-star": "3%", "2-star": "97%"}},
                }
            },
        ),
        ("frozen without an end", "dragalia", 10, {"/frozen_odds": True}),
    ]
    for what, banner, size, edits in rules:
        name = f"long run {banner} {size}, {what}"
        cases.append(Case(name, banner, batch=size, edits=edits))
    return cases


def all_cases() -> list[Case]:
    """Every case, in the order of the file."""
    return [*genshin_cases(), *pity_cases(), *other_cases(), *long_run_cases()]


def solve(case: Case) -> Answer:
    """The distribution that a case asks for."""
    if case.by_hand is not None:
        return case.by_hand()
    spec = case.spec()
    setting = Setting(case.keep)
    if case.ruled:
        size = case.batch or Reference(spec).batches[0]["size"]
        setting = Setting(case.keep, size, RULED[case.banner, size])
    goal = Goal(Reference(spec), case.goal)
    chain = Chain(spec, setting, goal)
    begin, had = chain.begin(case.state)
    if case.pulls is not None:
        return hits_in(begin, chain.edges, case.pulls, had)
    if case.hit_by_hit is not None:
        rarity, length, step = case.hit_by_hit
        plain = Chain(
            spec,
            Setting((f"pity:{rarity}",)),
            Goal(Reference(spec), f"rarity:{rarity}"),
        )
        wait = passage(plain.begin({})[0], plain.edges, 1).pmf
        edges = hits_of_rarity(chain, rarity)
        keep = [k for k in chain.keep if not k.startswith("pity:")]
        start = (tuple(chain.start[k] for k in keep), goal.start())
        return by_hits(wait, wait, start, edges, length, step)
    return passage(begin, chain.edges, case.copies - had)


def shown(value: Decimal, digits: int = SHOWN) -> str:
    """A number with so many significant digits."""
    rounded = value.normalize(Context(prec=digits, Emin=-999999999))
    return str(rounded) if rounded else "0"


def listed(value: Decimal) -> str:
    """An entry of a list: 25 digits, or 6 of one below 1e-30."""
    return shown(value, SHOWN if value > Decimal("1e-30") else 6)


def line(case: Case) -> str:
    """A case with its answer, as one line of JSON."""
    entry: dict[str, Any] = {"name": case.name}
    if case.file is not None:
        entry["file"] = case.file
    else:
        entry["banner"] = case.banner
    if case.edits:
        entry["edits"] = case.edits
    if not case.goal:
        entry["batch"] = case.batch
        odds = long_run(case.spec(), case.batch or 1)
        for what, values in odds.items():
            entry[what] = {k: shown(v) for k, v in values.items()}
        return json.dumps(entry)
    entry |= {"goal": case.goal, "state": case.state, "batch": case.batch}
    if case.pulls is None:
        entry["copies"] = case.copies
    else:
        entry["pulls"] = case.pulls
    entry |= written(solve(case))
    return json.dumps(entry)


def written(result: Answer) -> dict[str, Any]:
    """A distribution as the file has it."""
    pmf = result.pmf
    if result.last is None and result.step == 1:
        beyond, size = Decimal(0), len(pmf)
        while beyond + pmf[size - 1] < LISTED:
            size -= 1
            beyond += pmf[size]
        pmf = pmf[:size]
    step = result.step
    if step == 1 and len(pmf) > EVERY:
        step = max(7, len(pmf) // EVERY)
    places = list(range(0, len(pmf), step))
    if places[-1] != len(pmf) - 1:
        places.append(len(pmf) - 1)
    return {
        "mean": shown(result.mean),
        "variance": shown(result.variance),
        "quantiles": {q: result.quantile(q) for q in QUANTILES},
        "support_min": result.first,
        "support_max": result.last,
        "entries": len(pmf),
        "step": step,
        "pmf": [listed(pmf[n]) for n in places],
    }


def answered(index: int) -> tuple[str, float]:
    """The line of a case, and the seconds it took."""
    began = time.perf_counter()
    with localcontext(Context(prec=DIGITS, Emin=-999999999, Emax=999999999)):
        return line(all_cases()[index]), time.perf_counter() - began


def main() -> int:
    """Check or write exact.json; 1 if it is not current."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default="", help="part of the names of cases")
    parser.add_argument("--times", action="store_true", help="say what took long")
    options = parser.parse_args()
    cases = all_cases()
    assert len({case.name for case in cases}) == len(cases)
    chosen = [i for i, case in enumerate(cases) if options.only in case.name]
    lines = []
    with multiprocessing.Pool() as pool:
        for i, (text, seconds) in zip(chosen, pool.imap(answered, chosen), strict=True):
            lines.append(text)
            if options.times and seconds > 1:
                print(f"{seconds:6.1f} s  {cases[i].name}", flush=True)
    path = HERE / "exact.json"
    if options.only:
        for text in lines:
            entry = json.loads(text)
            entry.pop("pmf", None)
            print(entry)
        return 0
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    if options.write:
        path.write_text(text, encoding="utf-8")
        return 0
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        print("exact.json is not what make.py computes", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
