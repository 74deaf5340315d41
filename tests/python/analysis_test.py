from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import fairpull
from fairpull._plot import bars


@pytest.fixture(scope="module")
def genshin() -> fairpull.Banner:
    return fairpull.Banner.load("genshin-character")


@pytest.fixture(scope="module")
def featured(genshin: fairpull.Banner) -> fairpull.Distribution:
    return genshin.pulls_to("featured:5-star")


def test_methods_take_numbers_and_arrays(featured: fairpull.Distribution):
    assert featured.cdf(90) == pytest.approx(0.5939383494228886999640461, abs=1e-15)
    assert featured.pmf(0) == 0
    assert featured.pmf(181) == 0
    assert featured.pmf(1.5) == 0
    counts = np.array([[80, 160], [179, 180]])
    assert featured.cdf(counts).shape == (2, 2)
    assert featured.cdf(counts)[0, 1] == pytest.approx(0.9853278359466212226, abs=1e-15)
    assert featured.ccdf(180) == 0
    assert np.all(featured.cdf(counts) + featured.ccdf(counts) == pytest.approx(1))
    assert list(featured.icdf([0.1, 0.5, 0.99, 1])) == [34, 80, 161, 180]


def test_hazards_by_wait(genshin: fairpull.Banner):
    waits = genshin.wait_odds("5-star")
    assert waits.begun_by == ("5-star",)
    assert waits.hazard[[0, 72, 73, 89]] == pytest.approx([0.006, 0.006, 0.066, 1])
    assert waits.reached[:3] == pytest.approx([1, 0.994, 0.994**2])
    assert waits.by_wait_alone
    # A hit for each wait: the mean wait is one by the long-run odds.
    assert waits.reached.sum() == pytest.approx(62.2973320396309706, rel=1e-12)
    assert not genshin.wait_odds("4-star").by_wait_alone
    with pytest.raises(fairpull.InvalidArgumentError, match="there are 5-star, 4-star"):
        genshin.wait_odds("6-star")
    with pytest.raises(fairpull.InvalidArgumentError, match="it sells 1, 10"):
        genshin.wait_odds("5-star", batch=3)


def test_a_quantile_beyond_1_says_the_range(featured: fairpull.Distribution):
    with pytest.raises(fairpull.InvalidArgumentError, match="between 0 and 1"):
        featured.icdf(1.5)


def test_luck_is_the_share_of_players_that_had_less(featured: fairpull.Distribution):
    assert featured.luck(1) > 0.99
    assert featured.luck(180) < 1e-10
    hits = fairpull.Distribution.from_pmf([0.25, 0.5, 0.25], counts="hits")
    assert hits.luck(0) == 0.125
    assert hits.luck(1) == 0.5
    assert hits.luck(2) == 0.875


# 100,000 counts: a mean 6.5 standard errors away has odds below 1e-10.
def test_samples_follow_the_distribution(featured: fairpull.Distribution):
    sample = featured.sample((1000, 100), rng=7)
    assert sample.shape == (1000, 100)
    error = featured.standard_deviation / np.sqrt(sample.size)
    assert abs(sample.mean() - featured.mean) < 6.5 * error
    assert sample.max() <= 180
    assert np.array_equal(sample, featured.sample((1000, 100), rng=7))


def test_hits_are_counted_from_a_state(genshin: fairpull.Banner):
    sure = genshin.hits_in(1, "featured:5-star", {"pity:5-star": 89})
    assert list(sure.probabilities) == pytest.approx([0.5, 0.5], abs=1e-15)
    none = genshin.hits_in(0, "rarity:5-star")
    assert list(none.probabilities) == pytest.approx([1], abs=1e-15)


def test_what_can_not_be_is_refused_with_what_can(genshin: fairpull.Banner):
    with pytest.raises(fairpull.InvalidArgumentError, match="from 0 to 89"):
        genshin.pulls_to("rarity:5-star", state={"pity:5-star": 90})
    with pytest.raises(fairpull.InvalidArgumentError, match="5-star, 4-star, 3-star"):
        genshin.pulls_to("rarity:ssr")
    with pytest.raises(fairpull.InvalidArgumentError, match="from 1 to 100000"):
        genshin.pulls_to("rarity:5-star", copies=0)
    with pytest.raises(fairpull.InvalidArgumentError, match="it sells 1, 10"):
        genshin.pulls_to("rarity:5-star", batch=5)
    with pytest.raises(TypeError, match="must be an integer"):
        genshin.pulls_to("rarity:5-star", copies=1.5)  # type: ignore[arg-type]


def test_a_chain_that_is_too_large_is_refused_with_its_size(write):
    rarities = [{"id": f"r{i}", "odds": "0.1%", "hard_pity": 9000} for i in range(3)]
    banner = {
        "id": "huge",
        "price": {"currency": "gem", "amount": 1},
        "rarities": [*rarities, {"id": "rest", "odds": "rest"}],
        "items": [
            {"id": f"i{i}", "type": "x", "rarity": name}
            for i, name in enumerate(["r0", "r1", "r2", "rest"])
        ],
    }
    loaded = fairpull.Banner.load(write("huge.json", banner))
    with pytest.raises(fairpull.ResourceExhaustedError, match="limit"):
        loaded.odds()


def test_a_spark_point_buys_and_a_banner_ends():
    banner = fairpull.Banner.load("bluearchive-pickup")
    item = next(i.id for i in banner.items if i.featured)
    with pytest.raises(fairpull.FailedPreconditionError, match="199 spark points"):
        banner.exchange(item, {"spark": 199})
    assert banner.exchange(item, {"spark": 201})["spark"] == 1
    after, gives = banner.end({"spark": 12})
    assert after["spark"] == 0
    assert sum(gives.values()) == 12


def test_choosing_clears_the_points_of_another():
    banner = fairpull.Banner.load("genshin-weapon-path2")
    second = banner.items[1].id
    assert banner.choose(second, {"fate:5-star": 1})["fate:5-star"] == 0
    assert banner.pulls_to("chosen:5-star", state={"fate:5-star": 2}).support == (1, 77)


def test_a_step_up_is_quoted_by_its_step():
    banner = fairpull.Banner.load("stepup-asteria")
    assert [banner.quote(10, {"step": n})[1] for n in (1, 2, 5)] == [35, 40, 50]


def test_a_plot_is_a_picture(featured: fairpull.Distribution, tmp_path: Path):
    ax = featured.plot(path=tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert ax.get_xlabel() == "pulls"
    assert "93.45" in ax.get_title()
    assert len(bars(featured)) <= 20


def test_bars_hold_all_that_they_show(featured: fairpull.Distribution):
    shares = [float(line.split()[1].rstrip("%")) for line in bars(featured)]
    assert sum(shares) == pytest.approx(99.9, abs=0.2)


def test_lint_finds_what_does_nothing_and_what_is_unlawful(starter_file):
    starter_file["rarities"][0]["hard_pity"] = 95
    starter_file["collections"] = [
        {
            "items": ["wren-of-the-ninth-lamp", "aldric-stormglass"],
            "gives": {"currency": "crystal", "amount": 1},
        }
    ]
    banner = fairpull.Banner.from_json(json.dumps(starter_file))
    found = {f.kind: f for f in banner.lint() if f.warning}
    assert found["hard_pity_never_reached"].pointer == "/rarities/0/hard_pity"
    assert "pull 90 is certain already" in found["hard_pity_never_reached"].message
    assert found["kompu"].pointer == "/collections/0"


def test_a_plan_of_two_goals_and_income(genshin: fairpull.Banner):
    hero = genshin.pulls_to("featured:5-star")
    sure = fairpull.follow_plan(
        28_800,
        [
            fairpull.Stage(hero, price=160),
            fairpull.Stage(hero, price=160, income=28_800),
        ],
    )
    assert sure.met == pytest.approx([1, 1], abs=1e-13)
    assert sure.unit == 160
    tight = fairpull.follow_plan(160 * 90, [fairpull.Stage(hero, price=160)])
    assert tight.met[0] == pytest.approx(hero.cdf(90), abs=1e-15)
    with pytest.raises(fairpull.InvalidArgumentError, match="price is 0"):
        fairpull.follow_plan(1, [fairpull.Stage(hero, price=0)])


def test_first_one_then_as_many_as_possible(genshin: fairpull.Banner):
    hero = genshin.pulls_to("featured:5-star")
    odds = genshin.then_as_many("featured:5-star", 400, first=hero)
    assert odds.sum() == pytest.approx(hero.cdf(400), abs=1e-13)
    # One and h more of the same are h + 1 in all.
    hits = genshin.hits_in(400, "featured:5-star")
    assert odds[:4] == pytest.approx(hits.probabilities[1:5], abs=1e-14)


def test_what_a_wallet_buys():
    banner = fairpull.Banner.load("genshin-character")
    assert banner.affordable_pulls({"primogem": 16_100}) == 100
    assert banner.affordable_pulls({"stone": 5}) == 0
    with pytest.raises(fairpull.InvalidArgumentError, match="primogem is -1"):
        banner.affordable_pulls({"primogem": -1})


def test_a_store_says_which_rules_it_does_not_carry_out():
    fairpull.Banner.load("starter").check_servable()
    with pytest.raises(fairpull.FailedPreconditionError, match="milestones"):
        fairpull.Banner.load("endfield-character").check_servable()
