"""Players with an income, over several banners."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fairpull
from fairpull import Period, simulate_periods

PLAYERS = 20_000
# Standard errors that a share may be off by: a false alarm in 1e-10 of all seeds.
FAR = 6.4


def assert_share(seen: int, exact: float) -> None:
    error = np.sqrt(exact * (1 - exact) / PLAYERS)
    assert abs(seen / PLAYERS - exact) < FAR * error


@pytest.fixture(scope="module")
def genshin() -> fairpull.Banner:
    return fairpull.Banner.load("genshin-character")


def test_a_plan_comes_out_as_the_exact_one(genshin):
    """Two banners for one goal each, from one purse: `follow_plan` knows the odds."""
    goal = genshin.pulls_to("featured:5-star")
    exact = fairpull.follow_plan(
        160 * 100,
        [fairpull.Stage(goal, price=160), fairpull.Stage(goal, price=160, income=8000)],
    )
    first, second = simulate_periods(
        [
            Period(genshin, goal="featured:5-star"),
            Period(genshin, goal="featured:5-star", income=8000),
        ],
        players=PLAYERS,
        money=160 * 100,
        rng=11,
    )
    met = first.simulation.got == 1
    assert_share(np.count_nonzero(met), exact.met[0])
    assert_share(np.count_nonzero(met & (second.simulation.got == 1)), exact.met[1])


def test_pity_goes_on_from_period_to_period(genshin):
    """90 pulls in three periods are one 5-star at least, and as many as in one."""
    periods = [Period(genshin, income=160 * 30)] * 3
    results = simulate_periods(periods, players=PLAYERS, rng=5)
    hits = sum(r.simulation.rarities["5-star"] for r in results)
    exact = genshin.hits_in(90, "rarity:5-star")
    assert abs(hits - PLAYERS * exact.mean) < FAR * np.sqrt(PLAYERS * exact.variance)
    assert hits >= PLAYERS
    assert all(r.simulation.pulls == 30 * PLAYERS for r in results)


def test_money_is_never_made_or_lost(genshin):
    income = np.arange(1000) * 7
    results = simulate_periods(
        [
            Period(genshin, income=income, at_least=20, at_most=30),
            Period(genshin, income=1000, goal="rarity:5-star"),
        ],
        players=1000,
        money=np.arange(1000)[::-1],
        rng=1,
    )
    has = np.arange(1000)[::-1] + income
    for result, more in zip(results, (0, 1000), strict=True):
        has = has + more
        drawn = result.simulation.drawn
        assert drawn is not None
        np.testing.assert_array_equal(result.spent, drawn * 160)
        assert np.all(result.spent <= has)
        has = has - result.spent
        np.testing.assert_array_equal(result.money["primogem"], has)
    pulls = results[0].simulation.drawn
    affordable = (np.arange(1000)[::-1] + income) // 160
    np.testing.assert_array_equal(
        pulls, np.where(affordable >= 20, np.minimum(affordable, 30), 0)
    )


def test_what_the_banner_shares_with_no_other_stays_with_it(genshin):
    """Counters of another family are as they were when its banner comes again."""
    starter = fairpull.Banner.load("starter")
    crystals = {"crystal": 160 * 40, "primogem": 160 * 40}
    first, other, again = simulate_periods(
        [
            Period(genshin, income=crystals),
            Period(starter, income={}),
            Period(genshin, income={}, at_most=0),
        ],
        players=500,
        rng=2,
    )
    assert other.simulation.pulls == 40 * 500
    for name, column in (first.simulation.states or {}).items():
        np.testing.assert_array_equal((again.simulation.states or {})[name], column)


def test_points_are_exchanged_and_those_left_over_are_paid_for():
    """Of granblue-gala 300 points buy the character, and each left is one stone."""
    banner = fairpull.Banner.load("granblue-gala")
    (result,) = simulate_periods(
        [
            Period(
                banner,
                income=banner.price_amount * 400,
                goal="item:galleon",
                exchange="at once",
                batch=10,
            )
        ],
        players=2000,
        rng=4,
    )
    drawn = result.simulation.drawn
    states = result.simulation.states
    assert drawn is not None
    assert states is not None
    assert np.all(drawn <= 300)
    assert result.simulation.not_met == 0
    assert result.simulation.exchanged > 0
    left = states["spark"]
    _, gives = banner.end({"spark": 7})
    ((currency, amount),) = gives.items()
    assert amount == 7
    np.testing.assert_array_equal(result.money[currency], left)


def test_a_state_to_begin_with_counts(genshin):
    (result,) = simulate_periods(
        [Period(genshin, income=160)],
        players=100,
        state={"pity:5-star": 89},
        rng=1,
    )
    assert result.simulation.rarities["5-star"] == 100


def test_the_result_depends_on_the_seed_alone(genshin):
    periods = [Period(genshin, income=16_000, goal="featured:5-star")] * 2
    alone = simulate_periods(periods, players=700, rng=3, threads=1)
    with ThreadPoolExecutor(2) as executor:
        spread = simulate_periods(periods, players=700, rng=3, executor=executor)
    for a, b in zip(alone, spread, strict=True):
        np.testing.assert_array_equal(a.spent, b.spent)
        assert a.simulation.items == b.simulation.items
    # No period repeats the luck of another.
    assert not np.array_equal(alone[0].spent, alone[1].spent)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"income": -1}, r"periods\[0\].income is -1; it must be from 0 to"),
        ({"income": [1, 2]}, r"income is of shape \(2,\); .* each of 3 players"),
        ({"income": 2**53}, r"income is 9007199254740992; it must be from 0"),
        ({"income": 2**53 - 1}, r"a player has 9007199254740992 primogem; it must be"),
        ({"at_least": -1}, r"periods\[0\].at_least is -1"),
        ({"at_most": -1}, r"periods\[0\].at_most is -1"),
        ({"goal": "rarity:mythic"}, "mythic"),
        ({"exchange": "at once"}, "without a goal"),
        ({"batch": 3}, "it sells 1, 10"),
    ],
)
def test_what_is_wrong_with_a_period_is_told(genshin, change, message):
    with pytest.raises(fairpull.InvalidArgumentError, match=message):
        simulate_periods([Period(genshin, **change)], players=3, money=1)


def test_other_mistakes_are_told_too(genshin):
    with pytest.raises(fairpull.InvalidArgumentError, match="no periods"):
        simulate_periods([], players=3)
    with pytest.raises(fairpull.InvalidArgumentError, match="no counter 'pity'"):
        simulate_periods([Period(genshin)], players=3, state={"pity": 1})
    with pytest.raises(TypeError, match="float64; it must be integers"):
        simulate_periods([Period(genshin, income=0.5)], players=3)
    step_up = fairpull.Banner.load("stepup-asteria")
    with pytest.raises(fairpull.FailedPreconditionError, match=r"periods\[1\]: "):
        simulate_periods([Period(genshin), Period(step_up)], players=3)


def test_counters_say_who_shares_them(genshin):
    assert set(genshin.counter_scopes.values()) == {"family"}
    limited = fairpull.Banner.load("arknights-limited")
    assert limited.counter_scopes["spark"] == "banner"
    assert limited.counter_scopes.keys() == limited.counters.keys()
