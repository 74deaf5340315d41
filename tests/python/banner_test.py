from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from fractions import Fraction

import numpy as np
import pytest
from conftest import ROOT

import fairpull


def test_ships_its_banners():
    names = fairpull.banner_names()
    assert names == sorted(names)
    assert len(names) == 24
    assert {"starter", "genshin-character", "box-300"} <= set(names)


def test_shows_the_file(starter):
    assert starter.id == "starter"
    assert (starter.price_currency, starter.price_amount) == ("crystal", 160)
    assert starter.batches == [1, 10]
    assert [r.id for r in starter.rarities] == ["ultra_rare", "super_rare", "rare"]
    assert [r.name for r in starter.rarities] == ["ultra rare", "super rare", "rare"]
    assert [r.base for r in starter.rarities] == [
        Fraction(6, 1000),
        Fraction(51, 1000),
        Fraction(943, 1000),
    ]
    assert [r.hard_pity for r in starter.rarities] == [90, 10, None]
    assert starter.counters == {
        "pity:ultra_rare": (0, 89, 0),
        "guarantee:ultra_rare": (0, 1, 0),
        "pity:super_rare": (0, 9, 0),
        "guarantee:super_rare": (0, 1, 0),
    }
    assert starter.items[0].featured
    assert not starter.items[1].featured
    assert {i.type for i in starter.items} == {"hero", "item"}


def test_names_its_sources():
    banner = fairpull.Banner.load("genshin-character")
    assert {s.official for s in banner.sources} == {True, False}
    assert all(s.covers and s.reference for s in banner.sources)


def test_odds_are_exact_and_sum_to_one(starter):
    odds = starter.odds()
    assert odds.odds_version == starter.odds_version
    assert sum(r.base for r in odds.rarities) == 1
    assert sum(i.base for i in odds.items) == 1
    assert sum(r.consolidated for r in odds.rarities) == pytest.approx(1, abs=1e-13)
    assert sum(i.consolidated for i in odds.items) == pytest.approx(1, abs=1e-13)
    # Half of 0.6% is the featured hero's; five others share the rest.
    assert odds.items[0].base == Fraction(3, 1000)
    assert odds.items[1].base == Fraction(3, 5000)


def test_long_run_odds_are_those_of_the_exact_chain():
    odds = fairpull.Banner.load("genshin-character").odds()
    assert odds.rarities[0].consolidated == pytest.approx(
        0.0160520517855217557, rel=1e-13
    )
    assert odds.rarities[1].consolidated == pytest.approx(
        0.130566566833941315, rel=1e-13
    )


def test_the_same_seed_gives_the_same_pulls(starter):
    a = starter.pull(size=500, rng=7)
    b = starter.pull(size=500, rng=np.random.default_rng(7))
    assert np.array_equal(a.item, b.item)
    assert a.state == b.state


def test_draws_the_golden_transcript(starter):
    # The first ten of tests/engine/golden/starter.txt.
    pulls = starter.pull(size=10, rng=7)
    assert [p.item.id for p in pulls] == [
        "field-ration",
        "chipped-rune",
        "herb-satchel",
        "traveller-s-bow",
        "dessa-thistledown",
        "chipped-rune",
        "worn-cutlass",
        "chipped-rune",
        "herb-satchel",
        "waxed-rope",
    ]
    assert pulls[4] == fairpull.Pull(
        item=starter.items[11], rarity="super_rare", featured=False, wait=5
    )
    assert pulls.state == {
        "pity:ultra_rare": 10,
        "guarantee:ultra_rare": 0,
        "pity:super_rare": 5,
        "guarantee:super_rare": 1,
    }


def test_moves_a_generator_on_by_two_words_a_pull(starter):
    moved = np.random.default_rng(3)
    starter.pull(size=10, rng=moved)
    expected = np.random.default_rng(3)
    expected.integers(0, 2**64, size=10, dtype=np.uint64)
    assert moved.random() == expected.random()


def test_one_pull_after_the_other_equals_many_at_once(starter):
    rng = np.random.default_rng(11)
    state: dict[str, int] = {}
    singles = []
    for _ in range(100):
        pulls = starter.pull(size=1, rng=rng, state=state)
        state = pulls.state
        singles.append(pulls[0].item.id)
    many = starter.pull(size=100, rng=11)
    assert singles == [p.item.id for p in many]
    assert state == many.state


def test_other_bit_generators_serve_too(starter):
    rng = np.random.Generator(np.random.Philox(5))
    first = starter.pull(size=50, rng=rng)
    second = starter.pull(size=50, rng=rng)
    again = starter.pull(size=50, rng=np.random.Generator(np.random.Philox(5)))
    assert np.array_equal(first.item, again.item)
    assert not np.array_equal(first.item, second.item)


def test_a_single_pull_is_a_named_tuple(starter):
    pull = starter.pull(rng=1)
    assert pull.item in starter.items
    assert pull.rarity == pull.item.rarity


def test_a_state_is_begun_with(starter):
    pull = starter.pull(rng=1, state={"pity:ultra_rare": 89, "guarantee:ultra_rare": 1})
    assert pull == (starter.items[0], "ultra_rare", True, 90)


def test_an_impossible_state_is_refused_with_its_range(starter):
    with pytest.raises(fairpull.InvalidArgumentError, match="from 0 to 89"):
        starter.pull(state={"pity:ultra_rare": 90})
    with pytest.raises(ValueError, match="this banner has pity:ultra_rare"):
        starter.pull(state={"pity:gold": 1})


@pytest.mark.parametrize("size", [-1, 2**32 + 1, 2**64])
def test_a_size_out_of_range_is_refused(starter, size):
    with pytest.raises(fairpull.InvalidArgumentError, match="from 0 to 4294967296"):
        starter.pull(size=size)


@pytest.mark.parametrize("size", [1.5, "3", True])
def test_a_size_that_is_no_integer_is_refused(starter, size):
    with pytest.raises(TypeError, match="integer"):
        starter.pull(size=size)


def test_a_long_pull_answers_ctrl_c():
    code = (
        "import fairpull, signal\n"
        "banner = fairpull.Banner.load('starter')\n"
        # A shell that starts the tests in the background has it ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "try:\n"
        "    print('ready', flush=True)\n"
        "    banner.pull(size=400_000_000)\n"
        "except KeyboardInterrupt:\n"
        "    print('stopped', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        began = time.monotonic()
        answer = ""
        while not answer and time.monotonic() - began < 20:
            process.send_signal(signal.SIGINT)
            answer = process.stdout.readline()
        assert answer == "stopped\n"


@pytest.mark.parametrize("rng", [1.5, "3", True])
def test_an_rng_of_another_kind_is_refused(starter, rng):
    with pytest.raises(TypeError, match="rng"):
        starter.pull(rng=rng)
    with pytest.raises(ValueError, match="non-negative"):
        starter.pull(rng=-1)


def test_no_pulls_are_no_pulls(starter):
    pulls = starter.pull(size=0, rng=1)
    assert len(pulls) == 0
    assert list(pulls) == []
    assert pulls.counts() == {"ultra_rare": 0, "super_rare": 0, "rare": 0}


def test_a_broken_file_tells_every_problem(write, starter_file):
    starter_file["price"]["amount"] = 0
    starter_file["rarities"][0]["rate_up"]["featured"] = ["nobody"]
    starter_file["surprise"] = 1
    path = write("broken.json", starter_file)
    with pytest.raises(fairpull.BannerError) as caught:
        fairpull.Banner.load(path)
    assert {p.pointer for p in caught.value.problems} == {"/price/amount", "/surprise"}
    assert all(p.file == str(path) for p in caught.value.problems)
    assert fairpull.check(path) == caught.value.problems
    assert isinstance(caught.value, ValueError)


def test_what_is_not_there_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        fairpull.Banner.load(tmp_path / "none.json")
    with pytest.raises(fairpull.UnknownBanner, match=r"genshin-character, .*starter"):
        fairpull.Banner.load("none")
    with pytest.raises(LookupError):
        fairpull.Banner.load("none")


def test_a_file_that_is_not_text_is_a_problem(tmp_path):
    path = tmp_path / "bytes.json"
    path.write_bytes(b'{"id": "\xff"}')
    with pytest.raises(fairpull.BannerError, match="not UTF-8"):
        fairpull.Banner.load(path)


def test_a_catalog_gives_the_version_that_counts(starter, starter_file):
    later = starter_file | {"opens": "2030-01-01T00:00:00Z"}
    later["price"] = {"currency": "crystal", "amount": 200}
    import json

    new = fairpull.Banner.from_json(json.dumps(later))
    catalog = fairpull.Catalog([starter, new])
    assert catalog.current("starter", 0).price_amount == 160
    assert catalog.current("starter", 2_000_000_000_000).price_amount == 200
    with pytest.raises(fairpull.NotFoundError):
        catalog.current("nobody", 0)
    with pytest.raises(fairpull.InvalidArgumentError, match="given twice"):
        fairpull.Catalog([starter, starter])


@pytest.mark.parametrize("name", fairpull.banner_names())
def test_every_rule_is_where_its_pointer_says(name):
    file = ROOT / "examples" / "banners" / f"{name}.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    rules = fairpull.Banner.load(name).rules
    assert rules[0].pointer == "/price"
    for rule in rules:
        found = content
        for key in rule.pointer.split("/")[1:]:
            found = found[int(key) if isinstance(found, list) else key]
        assert found
        assert rule.text
