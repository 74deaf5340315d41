"""Shares of all draws in the long run, from the chain that stays."""

from __future__ import annotations

import operator
from decimal import Decimal
from fractions import Fraction
from typing import Any

from answers import PRIZES, STOCK
from chain import Chain, Setting, decimal
from reference import Group, Reference


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
