"""The analysis against exact answers of our own.

tests/analysis/exact/exact.json holds them; make.py beside it computes them in
decimals of 60 digits, without the library.
"""

from __future__ import annotations

import copy
import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fairpull

ROOT = Path(__file__).resolve().parents[2]
EXACT = ROOT / "tests" / "analysis" / "exact" / "exact.json"
CASES = json.loads(EXACT.read_text(encoding="utf-8"))
BY_NAME = {case["name"]: case for case in CASES}


def named(kind: str) -> Any:
    """Parametrises a test by the cases that have the key `kind`."""
    cases = [case for case in CASES if kind in case]
    return pytest.mark.parametrize("case", cases, ids=[c["name"] for c in cases])


def edited(spec: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    """A banner file with the values at some JSON pointers put in their place."""
    spec = copy.deepcopy(spec)
    for pointer, value in edits.items():
        *path, last = pointer.split("/")[1:]
        at: Any = spec
        for key in path:
            at = at[int(key)] if isinstance(at, list) else at[key]
        at[int(last) if isinstance(at, list) else last] = value
    return spec


@functools.cache
def compiled(text: str) -> fairpull.Banner:
    return fairpull.Banner.from_json(text)


def banner_of(case: dict[str, Any]) -> fairpull.Banner:
    if "file" in case:
        return compiled(json.dumps(case["file"]))
    path = ROOT / "examples" / "banners" / f"{case['banner']}.json"
    text = path.read_text(encoding="utf-8")
    if "edits" not in case:
        return compiled(text)
    return compiled(json.dumps(edited(json.loads(text), case["edits"])))


def distribution_of(case: dict[str, Any]) -> fairpull.Distribution:
    banner = banner_of(case)
    goal, state, batch = case["goal"], case["state"], case["batch"]
    if "pulls" in case:
        return banner.hits_in(case["pulls"], goal, state, batch=batch)
    return banner.pulls_to(goal, case["copies"], state, batch=batch)


def long_run_of(name: str) -> dict[str, float]:
    """The exact long-run odds by rarity, in percent."""
    return {k: 100 * float(v) for k, v in BY_NAME[name]["rarities"].items()}


@named("goal")
def test_distributions_are_exact(case):
    found = distribution_of(case)

    entries = case["entries"]
    places = [*range(0, entries, case["step"])]
    if places[-1] != entries - 1:
        places.append(entries - 1)
    expected = np.array([float(p) for p in case["pmf"]])
    assert np.max(np.abs(found.pmf(places) - expected)) <= 1e-15
    assert np.all(found.probabilities >= 0)
    assert found.mean == pytest.approx(float(case["mean"]), rel=1e-13, abs=0)
    assert found.variance == pytest.approx(float(case["variance"]), rel=1e-13, abs=0)
    quantiles = {q: int(found.icdf(float(q))) for q in case["quantiles"]}
    assert quantiles == case["quantiles"]
    assert found.support == (case["support_min"], case["support_max"])
    # What lies beyond the list is less than 1e-25 where anything does.
    assert 0 <= found.tail <= (0 if case["support_max"] is not None else 1e-25)


@named("rarities")
def test_long_run_odds_are_exact(case):
    odds = banner_of(case).odds(batch=case["batch"])

    rarities = {r.id: r.consolidated for r in odds.rarities}
    items = {i.id: i.consolidated for i in odds.items}
    for found, exact in ((rarities, case["rarities"]), (items, case["items"])):
        assert found.keys() == exact.keys()
        wrong = {
            name: (value, exact[name])
            for name, value in found.items()
            if value != pytest.approx(float(exact[name]), rel=1e-13, abs=0)
        }
        assert not wrong


def test_every_shipped_banner_is_covered():
    banners = set(fairpull.banner_names())
    assert {c["banner"] for c in CASES if "goal" in c and "banner" in c} == banners
    assert {c["banner"] for c in CASES if "rarities" in c} == banners


# What the exact values themselves say of rules that are easily mistaken. That
# the library has them is tested above.


def test_the_last_draw_of_ten_is_upgraded_only_if_it_must_be():
    upgraded = long_run_of("long run bluearchive-pickup 10")["2-star"]
    always = long_run_of("long run bluearchive-pickup 10, last slot always")["2-star"]
    assert upgraded == pytest.approx(19.388580068460879, rel=1e-15)
    assert always == pytest.approx(26.35, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "percent"),
    [
        ("", 13.056656683394131),
        (", overflow independent", 13.001590494721174),
        (", overflow normalise", 13.057294854510027),
        (", higher hit resets", 12.351061168486978),
        (", higher hit freezes", 12.906886107375687),
    ],
)
def test_what_a_higher_rarity_does_to_a_lower_one(name, percent):
    odds = long_run_of(f"long run genshin-character 1{name}")
    assert odds["4-star"] == pytest.approx(percent, rel=1e-15)


def test_odds_frozen_inside_a_ten_differ_from_those_of_singles():
    singles = long_run_of("long run dragalia 1")["5-star"]
    tens = long_run_of("long run dragalia 10")["5-star"]
    frozen = long_run_of("long run dragalia 10, frozen without an end")["5-star"]
    assert singles == pytest.approx(4.6812866255919671, rel=1e-15)
    assert tens == pytest.approx(4.7095069581958842, rel=1e-15)
    assert frozen > tens


@pytest.mark.parametrize(
    ("name", "mean", "variance"),
    [
        ("genshin any 5-star", "62.29733203963097", "591.0861580887581"),
        ("genshin featured x1", "93.44599805944646", "1856.868631947145"),
        ("genshin featured x7", "654.1219864161252", "12998.08042363002"),
        ("radiance x7", "637.0875596865386", "10423.88493211633"),
        ("path1 chosen x1", "86.53188470125643", "1361.859719899047"),
        ("wuwa featured x1", "81.15411567973871", "1537.462574160691"),
        ("arknights any 6-star", "34.59455493520983", "438.0401971145173"),
        ("reverse featured x1", "63.58033007309181", "1304.258487743553"),
        ("bluearchive featured x1", "107.8020066375300", "5049.444195447854"),
        ("20 equal items, all", "71.95479314287364", "566.5105044223357"),
        ("box all prizes", "273.6363636363636", "601.1707988980716"),
    ],
)
def test_well_known_games(name, mean, variance):
    case = BY_NAME[name]
    assert float(case["mean"]) == pytest.approx(float(mean), rel=1e-15)
    assert float(case["variance"]) == pytest.approx(float(variance), rel=1e-15)
