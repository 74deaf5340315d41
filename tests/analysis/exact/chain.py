"""The chain of a banner's draws, by the reference's odds and states.

A chain is made by asking the reference for the odds of each group in a state and
for the state that follows. make.py says what is left out of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
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
