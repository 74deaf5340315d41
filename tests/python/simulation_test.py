"""The engine against the analysis, for every shipped banner.

Draws are dependent (pity), so their counts are not held against long-run odds.
What is compared by chi-square is what is independent:

- waits from one hit to the next, for goals whose every hit leaves the same
  state: in one long run, as many waits as are all but certain to end in it;
- the hits of each rarity in so many pulls, and the pulls to a goal, of players
  that each begin in a clean state;
- which item a hit of a group gives.

Cells are made so large that 25 or more are expected in each. A test fails where
the statistic has a probability below 1e-9, so all of them together raise a false
alarm in about one of three million sets of seeds; the seeds are fixed. 200,000
pulls are drawn for each test, 10,000,000 with FAIRPULL_FULL=1 in the environment,
or those of 100,000 players where that is less.
"""

from __future__ import annotations

import functools
import math
import os
import zlib
from collections.abc import Callable

import numpy as np
import pytest

import fairpull

PULLS = 10_000_000 if os.environ.get("FAIRPULL_FULL") == "1" else 200_000
PLAYERS = 100_000  # at most; enough where each makes few pulls
FALSE_ALARM = 1e-9
EXPECTED = 25
BANNERS = fairpull.banner_names()

load = functools.cache(fairpull.Banner.load)


def upper_gamma(a: float, x: float) -> float:
    """The regularised upper incomplete gamma function.

    By its series below the mean, by Lentz's continued fraction above it.
    """
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while term > total * 1e-16:
            n += 1
            term *= x / n
            total += term
        return 1 - front * total
    b = x + 1 - a
    c = 1e300
    d = 1 / b
    fraction = d
    for i in range(1, 10_000):
        factor = i * (a - i)
        b += 2
        d = 1 / (factor * d + b)
        c = b + factor / c
        fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * fraction


def cells(expected: np.ndarray) -> np.ndarray:
    """The cell of each outcome: neighbours together until enough are expected."""
    cell = np.zeros(len(expected), dtype=np.int64)
    number, inside = 0, 0.0
    for n, count in enumerate(expected):
        cell[n] = number
        inside += count
        if inside >= EXPECTED:
            number, inside = number + 1, 0.0
    # What is left at the end is too little for a cell of its own.
    return np.minimum(cell, max(number - 1, 0))


def assert_drawn_from(observed: np.ndarray, odds: np.ndarray) -> None:
    """That counts of outcomes are a sample of independent draws with these odds."""
    assert np.all(observed[odds == 0] == 0), "an outcome that can't be was drawn"
    expected = odds * observed.sum()
    cell = cells(expected)
    counts = np.bincount(cell, weights=observed)
    means = np.bincount(cell, weights=expected)
    if len(means) == 1:
        return  # one cell says nothing
    statistic = float(np.sum((counts - means) ** 2 / means))
    chance = upper_gamma((len(means) - 1) / 2, statistic / 2)
    assert chance >= FALSE_ALARM, (
        f"chi-square {statistic:.1f} in {len(means)} cells has probability {chance:.2g}"
    )


def assert_sample_of(values: np.ndarray, distribution: fairpull.Distribution) -> None:
    """That independent counts have a distribution; its tail is a last outcome."""
    pmf = distribution.probabilities
    observed = np.bincount(np.minimum(values, len(pmf)), minlength=len(pmf) + 1)
    assert_drawn_from(observed, np.append(pmf, distribution.tail))


def seed(*names: object) -> int:
    return zlib.crc32(" ".join(map(str, names)).encode())


def draws_of(banner: fairpull.Banner, batch: int) -> int:
    """How many pulls are drawn where `batch` are bought."""
    for draws in (batch, batch + 1):
        try:
            banner.pull(size=draws, rng=0, batch=batch)
        except fairpull.InvalidArgumentError:
            continue
        return draws
    raise AssertionError("a batch has one bonus draw at most")


def without_gifts(banner: fairpull.Banner) -> dict[str, int]:
    """The state of a player who had every gift, whose draws are not drawn here."""
    counters = banner.counters.items()
    gone = {k: c.highest for k, c in counters if k.startswith("milestone:")}
    once = {k: c.highest for k, c in counters if k.startswith("featured_spent:")}
    return gone | once


def meets(banner: fairpull.Banner, goal: str) -> Callable[[fairpull.Pulls], np.ndarray]:
    """Tells which pulls meet a goal."""
    kind, _, name = goal.partition(":")
    if kind == "item":
        index = [i.id for i in banner.items].index(name)
        return lambda pulls: pulls.item == index
    rarity = [r.id for r in banner.rarities].index(name)
    if kind == "rarity":
        return lambda pulls: pulls.rarity == rarity
    return lambda pulls: (pulls.rarity == rarity) & pulls.featured


def test_the_incomplete_gamma_function():
    # Chi-square by tables: P(X > 18.307) with 10 degrees of freedom is 5%.
    assert upper_gamma(5, 18.307038053275146 / 2) == pytest.approx(0.05, rel=1e-12)
    assert upper_gamma(0.5, 0.5) == pytest.approx(math.erfc(0.5**0.5), rel=1e-12)
    assert upper_gamma(1, 30) == pytest.approx(math.exp(-30), rel=1e-12)


def test_the_statistic_notices_a_wrong_banner():
    banner = load("genshin-character")
    pulls = banner.pull(size=PULLS, rng=1)
    waits = np.diff(np.flatnonzero(pulls.rarity == 0), prepend=-1)
    with pytest.raises(AssertionError, match=r"probability|was drawn"):
        assert_sample_of(waits, load("wuwa-character").pulls_to("rarity:5-star"))


# Every hit of the goal leaves the counters that matter to it as they began.
RENEWALS = [
    *((name, f"rarity:{load(name).rarities[0].id}") for name in BANNERS),
    ("arknights-limited", "item:saria"),
    ("arknights-standard", "featured:6-star"),
    ("genshin-character", "featured:5-star"),
    ("hsr-character", "featured:5-star"),
    ("hsr-lightcone", "featured:5-star"),
    ("nikke-pickup", "item:scarlet"),
    ("reverse1999", "featured:6-star"),
    ("starter", "featured:ultra_rare"),
    ("wuwa-character", "featured:5-star"),
    ("zzz-agent", "featured:s-rank"),
    ("zzz-engine", "featured:s-rank"),
    ("genshin-weapon-path1", "item:staff-of-homa"),
    ("genshin-weapon-path2", "item:staff-of-homa"),
]
# A box and packs remember more than that.
REMEMBER = {"box-300", "hearthstone-pack", "stepup-asteria"}


@pytest.mark.parametrize(
    ("name", "goal"), [case for case in RENEWALS if case[0] not in REMEMBER]
)
def test_waits_between_hits(name, goal):
    banner = load(name)
    state = without_gifts(banner)
    wait = banner.pulls_to(goal, state=state)
    pulls = banner.pull(size=PULLS, rng=seed(name, goal), state=state)
    waits = np.diff(np.flatnonzero(meets(banner, goal)(pulls)), prepend=-1)
    # How many there are depends on their lengths, so a fixed number is looked at.
    likely = PULLS / wait.mean
    spread = math.sqrt(PULLS * wait.variance / wait.mean**3)
    number = int(likely - 8 * spread)
    assert number <= len(waits)
    assert_sample_of(waits[:number], wait)


SOLD = [
    (name, size)
    for name in BANNERS
    for size in sorted({min(load(name).batches), max(load(name).batches)})
]


@pytest.mark.parametrize(("name", "batch"), SOLD)
def test_hits_of_players(name, batch):
    banner = load(name)
    draws = draws_of(banner, batch)
    size = draws * math.ceil(60 / draws)
    players = min(PULLS // size, PLAYERS)
    rng = np.random.default_rng(seed(name, batch))
    state = without_gifts(banner)
    hits = np.zeros((players, len(banner.rarities)), dtype=np.int64)
    for player in range(players):
        pulls = banner.pull(size=size, rng=rng, state=state, batch=batch)
        hits[player] = np.bincount(pulls.rarity, minlength=hits.shape[1])
    for i, rarity in enumerate(banner.rarities):
        expected = banner.hits_in(size, f"rarity:{rarity.id}", state, batch=batch)
        assert_sample_of(hits[:, i], expected)


# Goals whose hits change more than they reset: banner, goal, state, batch, and
# how many pulls a player makes at most. What points would buy is not drawn, and
# neither are detached draws.
PASSAGES = [
    ("genshin-character", "featured:5-star", {"pity:5-star": 60}, 1, 120),
    ("genshin-character", "rarity:4-star", {}, 1, 12),
    ("genshin-character", "item:featured-4-star-2", {}, 1, 100),
    ("genshin-character-radiance", "featured:5-star", {}, 1, 180),
    ("genshin-character-radiance", "featured:5-star", {"losses:5-star": 3}, 1, 90),
    ("genshin-weapon-path1", "item:wolfs-gravestone", {}, 1, 240),
    ("genshin-weapon-path2", "item:staff-of-homa", {"fate:5-star": 1}, 1, 160),
    ("wuwa-character", "rarity:4-star", {"pity:5-star": 70}, 1, 10),
    ("zzz-agent", "rarity:a-rank", {"pity:s-rank": 80}, 1, 10),
    ("zzz-agent", "item:soukaku", {}, 10, 50),
    ("endfield-character", "rarity:5-star", {"milestone:1": 30}, 1, 12),
    ("endfield-character", "rarity:6-star", {"milestone:1": 30}, 10, 80),
    ("endfield-character", "featured:6-star", {"milestone:1": 30}, 1, 120),
    ("fgo-single", "featured:5-star", {}, 1, 330),
    ("fgo-single", "featured:5-star", {"featured_pity:5-star": 320}, 10, 11),
    ("fgo-single", "rarity:4-star", {}, 10, 22),
    ("bluearchive-pickup", "rarity:2-star", {}, 10, 20),
    ("granblue-gala", "rarity:sr", {}, 10, 10),
    ("granblue-gala", "rarity:ssr", {}, 10, 50),
    ("reverse1999", "rarity:4-star", {"pity:6-star": 64}, 10, 10),
    ("dragalia", "rarity:5-star", {"pity:5-star": 85}, 10, 20),
    ("feh-focus", "rarity:5-star", {}, 5, 60),
    ("feh-focus", "rarity:5-star", {"pity:5-star": 118}, 5, 10),
    ("hearthstone-pack", "rarity:legendary", {}, 5, 200),
    ("hearthstone-pack", "rarity:rare", {}, 5, 5),
    ("hearthstone-pack", "item:deathwing", {"owned:malygos": 1}, 5, 1000),
    ("stepup-asteria", "rarity:5-star", {"step": 3}, 10, 100),
    ("box-300", "item:prize-4", {"taken:gold-bag": 50}, 1, 250),
    ("box-300", "rarity:prize", {"taken:prize-1": 1}, 10, 120),
]


@pytest.mark.parametrize(("name", "goal", "state", "batch", "size"), PASSAGES)
def test_pulls_of_players_to_a_goal(name, goal, state, batch, size):
    banner = load(name)
    met = meets(banner, goal)
    rng = np.random.default_rng(seed(name, goal, state, batch))
    needed = np.full(min(PULLS // size, PLAYERS), size + 1)
    for player in range(len(needed)):
        pulls = banner.pull(size=size, rng=rng, state=state, batch=batch)
        hits = np.flatnonzero(met(pulls))
        if len(hits):
            needed[player] = hits[0] + 1
    expected = banner.pulls_to(goal, 1, state, batch=batch)
    pmf = expected.pmf(np.arange(size + 1))
    observed = np.bincount(needed, minlength=size + 2)
    assert_drawn_from(observed, np.append(pmf, expected.ccdf(size)))


# The chosen item of a weapon banner depends on fate points, and a pack on what is
# owned; a box has no groups.
DEPENDENT = {
    ("genshin-weapon-path1", "5-star", True),
    ("genshin-weapon-path2", "5-star", True),
    ("hearthstone-pack", "legendary", False),
}


@pytest.mark.parametrize("name", [name for name in BANNERS if name != "box-300"])
def test_items_of_a_group(name):
    banner = load(name)
    size = PULLS - PULLS % draws_of(banner, min(banner.batches))
    pulls = banner.pull(size=size, rng=seed(name, "items"))
    counts = np.bincount(pulls.item, minlength=len(banner.items))
    odds = np.array([i.consolidated for i in banner.odds().items])
    groups: dict[tuple[str, bool], list[int]] = {}
    for index, item in enumerate(banner.items):
        groups.setdefault((item.rarity, item.featured), []).append(index)
    for (rarity, featured), items in groups.items():
        if (name, rarity, featured) not in DEPENDENT:
            assert_drawn_from(counts[items], odds[items] / odds[items].sum())
