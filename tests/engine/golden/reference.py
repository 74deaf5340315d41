"""A second implementation of a banner, written from the documents alone.

It reads a banner file with plain fractions and draws from NumPy's PCG64 by
docs/reference/banner-file.md and docs/reference/draw-contract.md. It shares no
code with the library: the golden transcripts in this folder are made by it, and
the library must reproduce them.

    python reference.py            # checks the transcripts
    python reference.py --write    # makes them anew

A transcript begins with `odds_version` and the version. Where the banner sells
one pull at once, 200 of them follow, each as number, rarity, item and state.
Where it sells batches that are more than so many single pulls, a line `batch` and
the size follows, then 20 such batches from a clean state and a fresh source: each
draw, as shown, as its place, rarity and item, and after each batch a line `state`
and the state. Nothing is bought otherwise: discounts, exchanges and the draws that
a milestone gives are left out. The state is `name=value`, sorted by name.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import math
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
BANNERS = HERE.parents[2] / "examples" / "banners"
PULLS = 200
BATCHES = 20
SEED = 7
ONE = Fraction(1)


def odds(text: str) -> Fraction:
    """The exact fraction that "0.6%", "0.006" or "3/500" stands for."""
    if text.endswith("%"):
        return Fraction(text[:-1]) / 100
    return Fraction(text)


def pair(value: Fraction) -> list[int]:
    """A fraction as the canonical JSON has it."""
    return [value.numerator, value.denominator]


def lcm_of(fractions: list[Fraction]) -> int:
    """The least common multiple of the denominators."""
    return math.lcm(*(x.denominator for x in fractions))


class Words:
    """32-bit words of NumPy's PCG64, low half of each output first."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def below(self, size: int) -> int:
        """An integer below size: floor(x / k), words from size*k on skipped."""
        assert size <= 2**24, size
        k = 2**32 // size
        while True:
            word = self._bits.ctypes.next_uint32(self._bits.ctypes.state)
            if word < size * k:
                return word // k


def alias(weights: list[int]) -> list[int]:
    """The item at each place of the alias wheel."""
    common = math.gcd(*weights)
    weights = [w // common for w in weights]
    n, total = len(weights), sum(weights)
    size = math.lcm(n, total)
    width = size // n
    mass = [w * size // total for w in weights]
    own = [0] * n
    other = list(range(n))
    small = [i for i in range(n) if mass[i] < width]
    large = [i for i in range(n) if mass[i] >= width]
    for i in small:  # grows while it is walked
        rich = large[0]
        own[i], other[i] = mass[i], rich
        mass[rich] -= width - mass[i]
        if mass[rich] < width:
            small.append(large.pop(0))
    for i in large:
        own[i] = width
    return [c if r < own[c] else other[c] for c in range(n) for r in range(width)]


def soft_curve(base: Fraction, ramps: list[dict], length: int) -> list[Fraction]:
    """The odds under soft pity, to the first certain pull or for length pulls."""
    curve: list[Fraction] = []
    while len(curve) < length and (not curve or curve[-1] < 1):
        pull = len(curve) + 1
        value = base
        for ramp, after in zip(ramps, [*ramps[1:], None], strict=True):
            last = pull if after is None else min(pull, after["from"] - 1)
            if last >= ramp["from"]:
                steps = (last - ramp["from"]) // ramp.get("every", 1) + 1
                value += steps * odds(ramp["step"])
        curve.append(min(ONE, value))
    return curve


def knot_curve(base: Fraction, knots: list[dict]) -> list[Fraction]:
    """The odds on straight lines between knots."""
    curve = [base] * (knots[0]["pull"] - 1) + [odds(knots[0]["odds"])]
    for left, right in itertools.pairwise(knots):
        low, width = odds(left["odds"]), right["pull"] - left["pull"]
        rise = (odds(right["odds"]) - low) / width
        curve += [low + rise * k for k in range(1, width + 1)]
    return curve


def curve_of(rarity: dict, base: Fraction, capped: bool = True) -> list[Fraction]:
    """The odds of the 1st, 2nd, … pull (or batch); the last entry holds on.

    With `capped` false as if there were no hard pity, but of the same length.
    """
    hard = rarity.get("hard_pity")
    curve = [base]
    if "soft_pity" in rarity:
        soft = rarity["soft_pity"]
        ramps = soft if isinstance(soft, list) else [soft]
        curve = soft_curve(base, ramps, hard or 10000)
    elif "knots" in rarity:
        curve = knot_curve(base, rarity["knots"])
    elif "curve" in rarity:
        curve = [odds(x) for x in rarity["curve"]]
    if hard:
        curve += [curve[-1]] * (hard - len(curve))
        curve = [*curve[: hard - 1], ONE if capped else curve[hard - 1]]
        if not capped:
            return curve
    while len(curve) > 1 and curve[-1] == curve[-2]:
        curve.pop()
    return curve


def truncated(wanted: list[Fraction]) -> list[Fraction]:
    """Odds cut to what those before leave; the last takes what is left."""
    result = []
    left = ONE
    for p in wanted[:-1]:
        result.append(min(p, left))
        left -= result[-1]
    return [*result, left]


@dataclass(frozen=True)
class Group:
    """Items of a rarity that one part of the wheel stands for."""

    rarity: int
    pool: str
    way: str
    items: list[dict]
    type: str = ""
    place: int = 0  # of a single featured item, in the order of `featured`

    @property
    def featured(self) -> bool:
        """Whether a hit of it is a featured hit."""
        return self.pool == "featured" and self.way != "lost"


@dataclass
class Batch:
    """What a batch knows while it is drawn."""

    rules: dict
    left: int  # draws, the next one included
    at_start: dict[str, int]
    mixed: dict | None = None
    hits: list[int] = field(default_factory=list)

    @property
    def number(self) -> int:
        """The place of the next draw, from 1."""
        return self.rules["size"] + self.rules["bonus"] - self.left + 1


class Reference:
    """One banner and one player."""

    def __init__(self, spec: dict) -> None:
        self.spec = spec
        self.rarities = spec["rarities"]
        self.names = [r["id"] for r in self.rarities]
        self.box = spec.get("box")
        self.overflow = spec.get("overflow", "truncate")
        self.curves = [] if self.box else self._curves()
        self.batches = [self._batch(b) for b in self._sold()]
        self.counters = self._counters()
        self.state = {name: start for name, _, _, start in self.counters}
        self.highest = {name: high for name, _, high, _ in self.counters}
        self.groups = self._groups()
        self.shares = lcm_of(self._every_fraction())
        self.wheel = self._wheel()

    # What the file says, with its defaults.

    def _curves(self) -> list[list[Fraction]]:
        curves = []
        left = ONE
        for rarity in self.rarities:
            base = left if rarity["odds"] == "rest" else odds(rarity["odds"])
            left -= base
            curves.append(curve_of(rarity, base))
        assert left == 0
        return curves

    def _sold(self) -> list:
        if "step_up" in self.spec:
            return self.spec.get("batches", [self.spec["step_up"]["batch"]])
        return self.spec.get("batches", [1, 10])

    def _prices(self) -> list[dict]:
        price = self.spec["price"]
        return price if isinstance(price, list) else [price]

    def _batch(self, element: int | dict) -> dict:
        given = element if isinstance(element, dict) else {"size": element}
        batch = {"bonus": 0, **given}
        batch.setdefault("price", batch["size"] * self._prices()[0]["amount"])
        if "last_if_none" in batch:
            batch["at_least"] = {"rarity": batch.pop("last_if_none"), "count": 1}
        if not batch.get("shuffle", True):
            del batch["shuffle"]
        return batch

    def _rate_up(self, index: int) -> dict | None:
        """The rate-up of a rarity with its defaults, or None."""
        given = self.rarities[index].get("rate_up")
        if given is None:
            return None
        rate_up = {"after_loss": "same_odds", "off_pool": "others", **given}
        if "odds" in rate_up:
            rate_up["share"] = odds(rate_up.pop("odds")) / self.curves[index][0]
        else:
            rate_up["share"] = odds(rate_up["share"])
        if "featured_within" in rate_up:
            rate_up["featured_within"] = {"once": False, **rate_up["featured_within"]}
        return rate_up

    def _items(self, index: int, featured: bool | None = None) -> list[dict]:
        items = [x for x in self.spec["items"] if x["rarity"] == self.names[index]]
        if featured is None:
            return items
        chosen = self.rarities[index]["rate_up"]["featured"]
        return [x for x in items if (x["id"] in chosen) == featured]

    # Counters.

    def _can_lose(self, index: int) -> bool:
        rate_up = self._rate_up(index)
        assert rate_up is not None
        if rate_up["share"] == 1:
            return False
        lost = rate_up.get("featured_from_off_pool") == "loss"
        return lost or bool(self._items(index, featured=False))

    def _counters(self) -> list[tuple[str, int, int, int]]:
        """Name, lowest, highest and start of each counter, in order."""
        counters = []
        for i, name in enumerate(self.names):
            if not self.box and len(self.curves[i]) > 1:
                counters.append((f"pity:{name}", 0, len(self.curves[i]) - 1, 0))
            rate_up = self._rate_up(i)
            if rate_up is None:
                continue
            if rate_up["after_loss"] == "guarantee" and self._can_lose(i):
                counters.append((f"guarantee:{name}", 0, 1, 0))
            if streak := rate_up.get("loss_streak"):
                high, start = streak["certain_at"], streak["start"]
                counters.append((f"losses:{name}", 0, high, start))
            if fate := rate_up.get("fate_points"):
                counters.append((f"fate:{name}", 0, fate["certain_at"], 0))
                last = len(rate_up["featured"]) - 1
                counters.append((f"chosen:{name}", 0, last, 0))
            if within := rate_up.get("featured_within"):
                high = within["pulls"] - (within["certain"] == "pull")
                counters.append((f"featured_pity:{name}", 0, high, 0))
                if within["once"]:
                    counters.append((f"featured_spent:{name}", 0, 1, 0))
        if "spark" in self.spec:
            counters.append(("spark", 0, 32766, 0))
        if "step_up" in self.spec:
            counters.append(("step", 1, len(self.spec["step_up"]["steps"]), 1))
        for n, gift in enumerate(self.spec.get("milestones", []), 1):
            high = gift["at"] - gift.get("repeat", False)
            counters.append((f"milestone:{n}", 0, high, 0))
        for discount in self.spec.get("discounts", []):
            high = discount.get("limit", 1)
            counters.append((f"discount:{discount['id']}", 0, high, 0))
        for item in self.spec["items"]:
            if self._protected(self.names.index(item["rarity"])):
                counters.append((f"owned:{item['id']}", 0, 1, 0))
        if self.box:
            counters += [
                (f"taken:{x['id']}", 0, x["stock"], 0) for x in self.spec["items"]
            ]
        return counters

    def _protected(self, index: int) -> dict | None:
        return self.rarities[index].get("protect_duplicates")

    def _raise(self, counter: str) -> None:
        """Count one on, if there is such a counter, up to its highest value."""
        if counter in self.state:
            value = self.state[counter] + 1
            self.state[counter] = min(value, self.highest[counter])

    def text(self) -> str:
        """The counters as the library serialises them."""
        return ",".join(f"{k}={self.state[k]}" for k in sorted(self.state))

    # Groups and their fractions of a rarity's odds.

    def _groups(self) -> list[Group]:
        return [
            group
            for i in self._all()
            for group in self._candidates(i)
            if group.items and any(self._fraction(group, *m) for m in self._modes(i))
        ]

    def _candidates(self, i: int) -> list[Group]:
        groups = []
        rate_up = self._rate_up(i)
        pool = "all" if rate_up is None else "others"
        rest = self._items(i, None if rate_up is None else False)
        if rate_up is not None:
            featured = self._items(i, featured=True)
            if "fate_points" in rate_up:
                by_id = {x["id"]: x for x in featured}
                for way in ("chosen", "missed"):
                    for place, name in enumerate(rate_up["featured"]):
                        one = [by_id[name]]
                        groups.append(Group(i, "featured", way, one, place=place))
            else:
                groups.append(Group(i, "featured", "won", featured))
            if "loss_streak" in rate_up:
                groups.append(Group(i, "featured", "guaranteed", featured))
                groups.append(Group(i, "featured", "streak", featured))
            if rate_up.get("featured_from_off_pool") == "loss":
                groups.append(Group(i, "featured", "lost", featured))
        if split := self.rarities[i].get("split"):
            for part in split:
                kind = part["type"]
                typed = [x for x in rest if x["type"] == kind]
                groups.append(Group(i, pool, "", typed, type=kind))
        else:
            groups.append(Group(i, pool, "", rest))
        return groups

    def _modes(self, i: int) -> list[tuple[str, int]]:
        """How a hit's pool can be decided, each with each chosen item."""
        rate_up = self._rate_up(i) or {}
        modes = ["share"]
        if f"guarantee:{self.names[i]}" in self.state or "featured_within" in rate_up:
            modes.append("guaranteed")
        modes += [x for x in ("fate_points", "loss_streak") if x in rate_up]
        chosen = len(rate_up["featured"]) if "fate_points" in rate_up else 1
        return [(mode, c) for mode in modes for c in range(chosen)]

    def _mode(self, i: int) -> tuple[str, int]:
        """How a hit's pool is decided in the present state."""
        rate_up = self._rate_up(i)
        name = self.names[i]
        if rate_up is None:
            return "share", 0
        chosen = self.state.get(f"chosen:{name}", 0)
        if self._due(i):
            return "guaranteed", chosen
        for mode, counter in (("fate_points", "fate"), ("", "guarantee")):
            key = f"{counter}:{name}"
            if self.state.get(key, 0) and self.state[key] == self.highest[key]:
                return mode or "guaranteed", chosen
        losses = f"losses:{name}"
        if losses in self.state and self.state[losses] == self.highest[losses]:
            return "loss_streak", chosen
        return "share", chosen

    def _due(self, i: int) -> bool:
        """Whether `featured_within` decides the rarity's next hit."""
        key = f"featured_pity:{self.names[i]}"
        spent = self.state.get(f"featured_spent:{self.names[i]}", 0)
        return key in self.state and not spent and self.state[key] == self.highest[key]

    def _fraction(self, group: Group, mode: str, chosen: int) -> Fraction:
        """The group's part of its rarity's odds."""
        i = group.rarity
        rate_up = self._rate_up(i)
        part = ONE
        if group.type:
            split = self.rarities[i]["split"]
            part = next(odds(x["share"]) for x in split if x["type"] == group.type)
        if rate_up is None:
            return part
        weights = {x["id"]: x.get("weight", 1) for x in self._items(i)}
        total = sum(weights.values())
        featured = sum(weights[x] for x in rate_up["featured"])
        # What the featured items win, what they get of the rest, and the others.
        win = rate_up["share"] if mode == "share" else ONE
        back = Fraction(0)
        if rate_up["off_pool"] == "all":
            back = (1 - win) * Fraction(featured, total)
        if group.pool == "others":
            return (1 - win - back) * part
        if group.way == "lost":
            return back
        if rate_up.get("featured_from_off_pool") == "win":
            win += back
        if "fate_points" in rate_up:
            if (group.way == "chosen") != (group.place == chosen):
                return Fraction(0)
            if mode == "fate_points":
                return Fraction(group.way == "chosen")
            return win * Fraction(weights[group.items[0]["id"]], featured)
        if "loss_streak" in rate_up:
            ways = {"guaranteed": "guaranteed", "loss_streak": "streak"}
            return win if group.way == ways.get(mode, "won") else Fraction(0)
        return win

    def _every_fraction(self) -> list[Fraction]:
        return [
            self._fraction(group, mode, chosen)
            for group in self.groups
            for mode, chosen in self._modes(group.rarity)
        ]

    # The wheel.

    def _fixed_odds(self) -> list[dict]:
        """All odds in `slot`, `mixture` and `step_up`."""
        steps = self.spec.get("step_up", {}).get("steps", [])
        places = [*self.batches, *steps]
        return [p[x]["odds"] for p in places for x in ("slot", "mixture") if x in p]

    def _wheel(self) -> int:
        """The size of the wheel; 0 where each state has its own."""
        if self.box or self.overflow != "truncate":
            return 0
        entries = [p for curve in self.curves for p in curve]
        if self.spec.get("frozen_odds") == "hard_pity_until_hit":
            entries += [self._uncapped(i) for i in self._all()]
        entries += [odds(x) for table in self._fixed_odds() for x in table.values()]
        return lcm_of(entries) * self.shares

    def _by_curve(self, i: int, batch: Batch) -> Fraction:
        """The odds by the rarity's curve."""
        curve = self.curves[i]
        key = f"pity:{self.names[i]}"
        if len(curve) == 1:
            return curve[0]
        if self.rarities[i].get("pity_counts") == "batches":
            last = batch.left == 1 and not batch.hits[i]
            return curve[self.state[key]] if last else curve[0]
        frozen = self.spec.get("frozen_odds", False)
        place = (batch.at_start if frozen else self.state)[key]
        due = "hard_pity" in self.rarities[i] and place == len(curve) - 1
        if frozen == "hard_pity_until_hit" and due and batch.hits[i]:
            return self._uncapped(i)
        return curve[place]

    def _uncapped(self, i: int) -> Fraction:
        """What would stand in place of the rarity's hard pity."""
        curve = curve_of(self.rarities[i], self.curves[i][0], capped=False)
        return curve[-1]

    def _overflowed(self, wanted: list[Fraction]) -> list[Fraction]:
        if self.overflow == "independent":
            result = []
            left = ONE
            for p in wanted[:-1]:
                result.append(left * p)
                left -= result[-1]
            return [*result, left]
        if self.overflow == "normalise" and sum(wanted[:-1]) > 1:
            return [p / sum(wanted[:-1]) for p in wanted[:-1]] + [Fraction(0)]
        fills = [len(curve) == 1 for curve in self.curves]
        if self.overflow == "scale_filler" and any(fills):
            base = sum(itertools.compress(wanted, fills))
            grown = [
                Fraction(0) if f else p for p, f in zip(wanted, fills, strict=True)
            ]
            *result, left = truncated([*grown, ONE])
            for i in itertools.compress(self._all(), fills):
                result[i] = left * wanted[i] / base
            return result
        return truncated(wanted)

    def _odds(self, batch: Batch) -> list[Fraction]:
        """The odds of each rarity in the present state."""
        if self.box:
            left = [sum(self._parts(x) for x in self._items(i)) for i in self._all()]
            return [Fraction(n, sum(left)) for n in left]
        by_curve = [self._by_curve(i, batch) for i in self._all()]
        result = self._overflowed(by_curve)
        fixed = batch.mixed
        slot = batch.rules.get("slot")
        if slot and slot["draw"] == batch.number:
            fixed = slot["odds"]
        if fixed:
            result = [odds(fixed.get(name, "0")) for name in self.names]
            for i in self._all():
                if by_curve[i] == 1 and len(self.curves[i]) > 1:
                    result[i] = ONE
            result = truncated(result)
        if most := batch.rules.get("at_most"):
            i = self.names.index(most["rarity"])
            if batch.hits[i] >= most["count"]:
                result[i + 1] += result[i]
                result[i] = Fraction(0)
        if least := batch.rules.get("at_least"):
            i = self.names.index(least["rarity"])
            if least["count"] - sum(batch.hits[: i + 1]) >= batch.left:
                result[i] = sum(result[i:], Fraction(0))
                result[i + 1 :] = [Fraction(0)] * (len(result) - i - 1)
        for i in self._all()[:-1]:
            protect = self._protected(i) or {}
            if protect.get("when_all_owned") == "lower_rarity" and self._owns_all(i):
                result[i + 1] += result[i]
                result[i] = Fraction(0)
        for i in self._all():
            within = (self._rate_up(i) or {}).get("featured_within", {})
            if within.get("certain") == "pull" and self._due(i):
                return [Fraction(j == i) for j in self._all()]
        return result

    def _all(self) -> list[int]:
        return list(range(len(self.rarities)))

    # The pool.

    def _owns_all(self, i: int) -> bool:
        return all(self.state[f"owned:{x['id']}"] for x in self._items(i))

    def _parts(self, item: dict) -> int:
        """The parts of an item on the wheel of a pool that remembers."""
        if self.box:
            return item["stock"] - self.state[f"taken:{item['id']}"]
        i = self.names.index(item["rarity"])
        return int(self._owns_all(i) or not self.state[f"owned:{item['id']}"])

    def _item(self, group: Group, words: Words) -> dict:
        if self.box or self._protected(group.rarity):
            parts = [x for x in group.items for _ in range(self._parts(x))]
            return parts[words.below(len(parts))]
        table = alias([x.get("weight", 1) for x in group.items])
        return group.items[table[words.below(len(table))]]

    # Drawing.

    def draw(self, words: Words, batch: Batch) -> tuple[str, str]:
        """Draw once inside a batch; the rarity and the item."""
        rarities = self._odds(batch)
        size = self.wheel or lcm_of(rarities) * self.shares
        r = words.below(size)
        for group in self.groups:
            fraction = self._fraction(group, *self._mode(group.rarity))
            weight = size * rarities[group.rarity] * fraction
            assert weight.denominator == 1
            if r < weight:
                break
            r -= int(weight)
        else:
            raise AssertionError("the groups do not fill the wheel")
        item = self._item(group, words)
        self._count(group, item)
        batch.left -= 1
        batch.hits[group.rarity] += 1
        return self.names[group.rarity], item["id"]

    def _count(self, hit: Group, item: dict) -> None:
        """What a draw does to the counters."""
        for i, rarity in enumerate(self.rarities):
            key = f"pity:{self.names[i]}"
            how = rarity.get("on_higher_hit", "keep")
            if key not in self.state or rarity.get("pity_counts") == "batches":
                continue
            if i == hit.rarity or (hit.rarity < i and how == "reset"):
                self.state[key] = 0
            elif hit.rarity > i or how == "keep":
                self._raise(key)
        self._count_pools(hit)
        self._raise("spark")
        for n, gift in enumerate(self.spec.get("milestones", []), 1):
            key = f"milestone:{n}"
            if gift.get("repeat", False) and self.state[key] + 1 == gift["at"]:
                self.state[key] = 0
            else:
                self._raise(key)
        self._raise(f"owned:{item['id']}")
        self._raise(f"taken:{item['id']}")
        if self.box:
            watched = self._items(0)
            if self.box["reset"] == "empty":
                watched = self.spec["items"]
            if not any(self._parts(x) for x in watched):
                self.state.update({f"taken:{x['id']}": 0 for x in self.spec["items"]})

    def _count_pools(self, hit: Group) -> None:
        """Guarantee, losses and fate of the hit rarity; `featured_pity` of all."""
        name = self.names[hit.rarity]
        if f"guarantee:{name}" in self.state:
            self.state[f"guarantee:{name}"] = int(not hit.featured)
        if f"losses:{name}" in self.state and hit.way != "guaranteed":
            if hit.way == "streak":
                streak = self.rarities[hit.rarity]["rate_up"]["loss_streak"]
                self.state[f"losses:{name}"] = streak["then"]
            elif hit.featured:
                self.state[f"losses:{name}"] = max(self.state[f"losses:{name}"] - 1, 0)
            else:
                self._raise(f"losses:{name}")
        if hit.way == "chosen":
            self.state[f"fate:{name}"] = 0
        else:
            self._raise(f"fate:{name}")
        for i, other in enumerate(self.names):
            key, spent = f"featured_pity:{other}", f"featured_spent:{other}"
            if key not in self.state:
                continue
            if i == hit.rarity and hit.featured:
                self.state[key] = 0
                self._raise(spent)
            elif not self.state.get(spent, 0):
                self._raise(key)

    def batch(self, words: Words, size: int) -> list[tuple[str, str]]:
        """Draw a batch; rarity and item of each draw, in the order shown."""
        rules = next(b for b in self.batches if b["size"] == size)
        steps = self.spec.get("step_up")
        if steps:
            step = steps["steps"][self.state["step"] - 1]
            rules = {**rules, **{k: step[k] for k in ("slot",) if k in step}}
        batch = Batch(rules, rules["size"] + rules["bonus"], dict(self.state))
        batch.hits = [0] * len(self.rarities)
        if mixture := rules.get("mixture"):
            chance = odds(mixture["chance"])
            if words.below(chance.denominator) < chance.numerator:
                batch.mixed = mixture["odds"]
        draws = [self.draw(words, batch) for _ in range(batch.left)]
        self._count_batch(batch.hits)
        if rules.get("shuffle"):
            for i in range(len(draws) - 1, 0, -1):
                j = words.below(i + 1)
                draws[i], draws[j] = draws[j], draws[i]
        return draws

    def _count_batch(self, hits: list[int]) -> None:
        """What the end of a batch does to the counters."""
        for i, rarity in enumerate(self.rarities):
            key = f"pity:{self.names[i]}"
            if key not in self.state or rarity.get("pity_counts") != "batches":
                continue
            how = rarity.get("on_higher_hit", "keep")
            higher = sum(hits[:i]) > 0
            if hits[i] or (higher and how == "reset"):
                self.state[key] = 0
            elif not higher or how == "keep":
                self._raise(key)
        if steps := self.spec.get("step_up"):
            back = steps.get("back_to_first_on")
            again = steps.get("after_last", "repeat") == "first"
            last = self.state["step"] == len(steps["steps"])
            if (back and hits[self.names.index(back)]) or (last and again):
                self.state["step"] = 1
            else:
                self._raise("step")

    # The odds version.

    def odds_version(self) -> str:
        """SHA-256 of the canonical JSON of the compiled banner."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def canonical(self) -> dict:
        """The compiled banner: all that can change a draw, a counter or a price."""
        spec = self.spec
        canonical = {
            "draw": 2,
            "id": spec["id"],
            "family": spec.get("family", spec["id"]),
            "overflow": self.overflow,
            "wheel": self.wheel,
            "shares": self.shares,
            "rarities": [self._canonical_rarity(i) for i in self._all()],
            "groups": [self._canonical_group(group) for group in self.groups],
            "counters": [self._canonical_counter(c) for c in self.counters],
            "prices": [[p["currency"], p["amount"]] for p in self._prices()],
            "batches": [self._canonical_batch(b) for b in self.batches],
        }
        if "discounts" in spec:
            canonical["discounts"] = [{"limit": 1, **x} for x in spec["discounts"]]
        if "milestones" in spec:
            canonical["milestones"] = [
                {"repeat": False, **x, "gives": self._gift(x["gives"])}
                for x in spec["milestones"]
            ]
        if "collections" in spec:
            canonical["collections"] = [
                {**x, "gives": self._gift(x["gives"])} for x in spec["collections"]
            ]
        if "step_up" in spec:
            canonical["step_up"] = {
                "after_last": "repeat",
                **spec["step_up"],
                "steps": [self._canonical_batch(x) for x in spec["step_up"]["steps"]],
            }
        for key in ("spark", "box", "frozen_odds"):
            if spec.get(key):
                canonical[key] = spec[key]
        return canonical

    def _gift(self, gives: dict) -> dict:
        return {"count": 1, **gives} if "item" in gives else gives

    def _canonical_rarity(self, i: int) -> dict:
        rarity = self.rarities[i]
        entry = {
            "id": rarity["id"],
            "on_higher_hit": rarity.get("on_higher_hit", "keep"),
            "pity_counts": rarity.get("pity_counts", "pulls"),
        }
        if not self.box:
            entry["curve"] = [pair(p) for p in self.curves[i]]
        if rate_up := self._rate_up(i):
            rate_up["share"] = pair(rate_up["share"])
            if rate_up["off_pool"] == "others":
                rate_up.pop("featured_from_off_pool", None)
            entry["rate_up"] = rate_up
        if "split" in rarity:
            entry["split"] = [
                {"type": x["type"], "share": pair(odds(x["share"]))}
                for x in rarity["split"]
            ]
        if "protect_duplicates" in rarity:
            entry["protect_duplicates"] = rarity["protect_duplicates"]
        if "duplicate_gives" in rarity:
            entry["duplicate_gives"] = {"from_copy": 2, **rarity["duplicate_gives"]}
        return entry

    def _canonical_group(self, group: Group) -> dict:
        stock = ["stock"] if self.box else []
        return {
            "rarity": self.names[group.rarity],
            "pool": group.pool,
            "way": group.way,
            "items": [
                [x["id"], x.get("weight", 1), *(x[s] for s in stock)]
                for x in group.items
            ],
        }

    def _canonical_counter(self, counter: tuple[str, int, int, int]) -> list:
        kept = self.spec.get("counters", {}).get(counter[0], {})
        at_end = kept.get("at_end", "keep")
        if isinstance(at_end, dict):
            at_end = [at_end["currency"], at_end["amount"]]
        return [*counter, kept.get("scope", "family"), at_end]

    def _canonical_batch(self, batch: dict) -> dict:
        """A batch, or a step, with its odds as pairs."""
        entry = dict(batch)
        for key in ("slot", "mixture"):
            if key in batch:
                table = {k: pair(odds(v)) for k, v in batch[key]["odds"].items()}
                entry[key] = {**batch[key], "odds": table}
        if "mixture" in batch:
            entry["mixture"]["chance"] = pair(odds(batch["mixture"]["chance"]))
        return entry

    # Transcripts.

    def sells(self, size: int) -> bool:
        """Whether so many pulls are sold at once."""
        return any(b["size"] == size for b in self.batches)

    def batch_size(self) -> int | None:
        """The batch that the transcript shows, if it is more than single pulls."""
        plain = {"size", "bonus", "price"}
        ruled = [b["size"] for b in self.batches if b.keys() - plain]
        by_batch = any(r.get("pity_counts") == "batches" for r in self.rarities)
        special = "step_up" in self.spec or self.spec.get("frozen_odds", False)
        if ruled or by_batch or special or not self.sells(1):
            return max(ruled or [b["size"] for b in self.batches])
        return None


def transcript(path: Path) -> str:
    """The golden transcript of a banner file."""
    spec = json.loads(path.read_text(encoding="utf-8"))
    player = Reference(spec)
    lines = [f"odds_version {player.odds_version()}"]
    words = Words(SEED)
    if player.sells(1):
        for n in range(1, PULLS + 1):
            ((rarity, item),) = player.batch(words, 1)
            lines.append(f"{n} {rarity} {item} {player.text()}".rstrip())
    size = player.batch_size()
    if size is not None:
        player = Reference(spec)
        words = Words(SEED)
        lines.append(f"batch {size}")
        for _ in range(BATCHES):
            draws = player.batch(words, size)
            lines += [f"{n} {r} {item}" for n, (r, item) in enumerate(draws, 1)]
            lines.append(f"state {player.text()}".rstrip())
    return "\n".join(lines) + "\n"


def main() -> int:
    """Check or write every transcript; 1 if one is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    status = 0
    for path in sorted(BANNERS.glob("*.json")):
        golden = HERE / f"{path.stem}.txt"
        text = transcript(path)
        if write:
            golden.write_text(text, encoding="utf-8")
        elif not golden.exists() or golden.read_text(encoding="utf-8") != text:
            print(f"{golden.name} is not what the reference draws", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
