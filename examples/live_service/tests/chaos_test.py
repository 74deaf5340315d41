"""The campaign of `campaign.py`: nothing lost or doubled, and broken games noticed."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path

import pytest

from bad_variants import ALL
from campaign import POINTS, Outcome, Round, report, rounds_from, run_round

SEED = 20261122
ROUNDS = 3
# What no campaign of this size may fall below, on however slow a machine.
FEWEST_PULLS = 300
FEWEST_KILLS = 20

# Where a variant breaks something whenever there are kills; the others need a race.
SOON_NOTICED = {"no_recovery", "webhook_with_its_own_id"}
LIVE_SERVICE = Path(__file__).parents[1]
FULL = bool(os.environ.get("FAIRPULL_FULL"))


def test_the_campaign_knows_every_crash_point() -> None:
    named: set[str] = set()
    for folder in ("account", "gacha"):
        for file in (LIVE_SERVICE / folder).glob("*.py"):
            named |= set(re.findall(r'\.reach\(\s*"([a-z:_]+)"', file.read_text()))
    assert named == POINTS


@pytest.mark.timeout(600)
def test_books_balance_after_kills_and_stalls_under_load(tmp_path: Path) -> None:
    """Rounds go on until each failpoint was reached; seldom more than three."""
    done: list[tuple[Round, Outcome]] = []
    for plan in islice(rounds_from(SEED), 3 * ROUNDS):
        folder = tmp_path / str(plan.seed)
        folder.mkdir()
        done.append((plan, run_round(folder, plan)))
        assert not done[-1][1].violation, report(done)
        reached = set[str]().union(*(outcome.reached for _, outcome in done))
        if len(done) >= ROUNDS and reached == POINTS:
            break
    print(report(done))
    assert reached == POINTS
    assert sum(outcome.pulls for _, outcome in done) >= FEWEST_PULLS
    assert sum(outcome.kills for _, outcome in done) >= FEWEST_KILLS


@pytest.mark.timeout(300)
def test_nothing_is_lost_when_postgres_is_killed_as_well(tmp_path: Path) -> None:
    """One round with both services and the server killed, and clocks apart."""
    plan = Round(seed=SEED, seconds=10.0, stall=0.05, on_postgres=True, ahead_s=600)
    outcome = run_round(tmp_path, plan)
    assert not outcome.violation, outcome.violation
    assert outcome.pulls >= FEWEST_PULLS / 10
    assert outcome.kills_of_postgres >= 1


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "variant",
    [
        pytest.param(
            variant.__name__,
            marks=pytest.mark.skipif(
                not FULL and variant.__name__ not in SOON_NOTICED,
                reason="a long campaign: FAIRPULL_FULL=1",
            ),
        )
        for variant in ALL
    ],
)
def test_a_game_without_a_guard_is_noticed(tmp_path: Path, variant: str) -> None:
    """A race is not met in each round, the rarest in a third of them."""
    for plan in islice(rounds_from(SEED, variant=variant, stalls=[0.3]), 30):
        folder = tmp_path / str(plan.seed)
        folder.mkdir()
        if run_round(folder, plan).violation:
            return
    pytest.fail(f"{variant} went unnoticed")
