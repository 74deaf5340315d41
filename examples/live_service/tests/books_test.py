"""The books' own fold of pity against the library's, where the two are easily apart."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import fairpull
from books import catalog, check_folds, pity_after

DISPLACED = ["rare"] * 9 + ["ultra_rare"]
"""A super rare was certain, and an ultra rare came in its place."""


@pytest.fixture
def desk() -> fairpull.SplitPullService:
    seeds = fairpull.ServerSeeds({1: bytes(range(32))}, current=1)
    return fairpull.SplitPullService(fairpull.open_store("memory:"), catalog(), seeds)


def test_a_displaced_hard_pity_stays_due(desk: fairpull.SplitPullService) -> None:
    player, rows = player_whose_ten_were(desk, DISPLACED)
    assert desk.pity(player, "starter")["pity:super_rare"] == 9
    check_folds(desk, player, rows)


@pytest.mark.parametrize(
    ("hits", "waited"),
    [
        ([], 0),
        (["rare", "super_rare"], 0),
        (["super_rare", "rare", "rare"], 2),
        (["rare", "ultra_rare"], 2),
        (DISPLACED, 9),
        ([*DISPLACED, "super_rare", "ultra_rare"], 1),
    ],
)
def test_pity_counts_to_the_pull_before_the_certain_one(
    hits: list[str], waited: int
) -> None:
    assert pity_after(hits, "super_rare") == waited


def player_whose_ten_were(
    desk: fairpull.SplitPullService, rarities: Sequence[str]
) -> tuple[str, list[fairpull.PullRecord]]:
    """The first player who draws just that, and the rows."""
    for number in range(10_000):
        player, pull = f"player{number}", f"pull{number}"
        desk.begin(pull, player=player, banner="starter", count=10, expected_cost=1600)
        rows = list(desk.advance(pull, player=player, answer="hold_placed").pulls)
        if [row.rarity for row in rows] == rarities:
            return player, rows
    raise AssertionError(f"none of 10,000 players drew {rarities}")
