from __future__ import annotations

import json

import pytest
from command import run, run_json


def test_banners():
    listed = run_json("banners")["banners"]
    assert len(listed) == 24
    assert {"genshin-character", "starter"} <= {b["id"] for b in listed}
    assert "First Light" in run("banners").stdout


def test_odds():
    sheet = run_json("odds", "genshin-character")
    assert [r["id"] for r in sheet["rarities"]] == ["5-star", "4-star", "3-star"]
    assert sheet["rarities"][0]["base"] == 0.006
    assert sheet["rarities"][0]["base_exact"] == "3/500"
    assert sheet["rarities"][0]["consolidated"] == pytest.approx(
        0.0160520517855217557, rel=1e-13
    )
    assert sheet["price"] == {"currency": "primogem", "amount": 160}
    assert sheet["guarantees"] == ["4-star", "5-star"]
    assert len(sheet["odds_version"]) == 64
    assert sheet["items"][0]["id"] == "featured-5-star"
    assert sheet["prices"] == [{"currency": "primogem", "amount": 160}]
    assert {
        "pointer": "/rarities/0/hard_pity",
        "text": "5-star: certain at pull 90 since the last one at the latest",
    } in sheet["rules"]
    assert sheet["worst_cases"][0] == {
        "pointer": "/rarities/0/rate_up",
        "text": "a featured 5-star takes at most 180 pulls, 28800 primogem",
    }
    text = run("odds", "genshin-character")
    assert "1.6052%" in text.stdout
    assert "\none pull costs 160 primogem\n" in text.stdout
    assert "\na featured 5-star takes at most 180 pulls" in text.stdout
    assert sheet["odds_version"] in text.stderr


def test_pull():
    drawn = run_json("pull", "starter", "--count", "5", "--seed", "7")
    assert [p["item"] for p in drawn["pulls"]] == [
        "field-ration",
        "chipped-rune",
        "herb-satchel",
        "traveller-s-bow",
        "dessa-thistledown",
    ]
    assert drawn["state"]["pity:ultra_rare"] == 5
    assert "Dessa Thistledown" in run("pull", "starter", "--seed", "7").stdout


def test_check_of_sound_files():
    report = run_json("check", "starter")
    assert report["ok"] is True
    assert report["problems"] == []
    assert [(f["kind"], f["severity"]) for f in report["findings"]] == [
        ("worst_case", "note"),
        ("worst_case", "note"),
    ]
    assert "at most 180 pulls, 28800 crystal" in report["findings"][0]["message"]
    result = run("check", "starter", "genshin-character")
    assert (result.returncode, result.stdout) == (0, "")
    assert "no problem" in result.stderr


def test_check_exits_with_3_and_tells_every_problem(write, starter_file):
    starter_file["price"]["amount"] = 0
    starter_file["odd"] = 1
    path = write("broken.json", starter_file)
    result = run("check", str(path), "starter", "--json")
    assert result.returncode == 3
    report = json.loads(result.stdout)
    assert report["ok"] is False
    assert {(p["file"], p["pointer"]) for p in report["problems"]} == {
        (str(path), "/price/amount"),
        (str(path), "/odd"),
    }
    assert f"{path}:/odd: unknown key" in run("check", str(path)).stdout


def test_check_exits_with_1_when_a_file_can_not_be_read(tmp_path):
    result = run("check", str(tmp_path / "none.json"), "--json")
    assert result.returncode == 1
    assert "can't be read" in json.loads(result.stdout)["problems"][0]["message"]


def test_a_banner_that_is_not_there_exits_with_1():
    result = run("odds", "nothing")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("fairpull: no banner is called 'nothing'")


@pytest.mark.parametrize(
    "arguments",
    [
        ["pull", "starter", "--count", "0"],
        ["pull", "starter", "--count", "many"],
        ["pull", "starter", "--seed", "-1"],
        ["pull"],
        ["nothing"],
        ["odds", "starter", "--nothing"],
    ],
)
def test_wrong_usage_exits_with_2(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""


def test_a_name_with_markup_is_shown_as_it_is(write, starter_file):
    starter_file["name"] = "[/50%] off [bold]now"
    result = run("odds", str(write("sale.json", starter_file)))
    assert result.returncode == 0, result.stderr
    assert "[/50%] off [bold]now" in result.stdout


def test_a_rarity_that_only_grows_is_not_called_certain(write, starter_file):
    rarity = starter_file["rarities"][0]
    del rarity["soft_pity"], rarity["hard_pity"]
    rarity["curve"] = ["0.6%", "2%", "3%"]
    sheet = run_json("odds", str(write("grows.json", starter_file)))
    assert [r["hard_pity"] for r in sheet["rarities"]] == [None, 10, None]


def test_a_file_without_end_is_refused():
    result = run("check", "/dev/zero")
    assert result.returncode == 3
    assert "at most 4194304 are read" in result.stdout


def test_version():
    assert run("--version").stdout == "fairpull 0.1.0\n"


def test_analyze():
    answer = run_json("analyze", "genshin-character", "--goal", "featured:5-star")
    assert answer["mean"] == pytest.approx(93.4459980594464559302, rel=1e-13)
    assert answer["variance"] == pytest.approx(1856.86863194714504, rel=1e-13)
    assert answer["support_max"] == 180
    assert answer["tail"] == 0
    assert answer["quantiles"] == {
        "0.10": 34,
        "0.25": 75,
        "0.50": 80,
        "0.75": 135,
        "0.90": 155,
        "0.99": 161,
    }
    assert "pmf" not in answer
    text = run("analyze", "genshin-character", "--goal", "featured:5-star").stdout
    assert "28800" in text
    assert "#####" in text


def test_analyze_from_a_state_and_with_every_probability():
    answer = run_json(
        "analyze",
        "genshin-character",
        "--goal",
        "rarity:5-star",
        "--state",
        "pity:5-star=20",
        "--pmf",
    )
    assert answer["mean"] == pytest.approx(48.9480291710822809270, rel=1e-13)
    assert len(answer["pmf"]) == 71
    assert answer["pmf"][1] == pytest.approx(0.006, abs=1e-15)


def test_analyze_hits_in_pulls():
    answer = run_json(
        "analyze", "genshin-character", "--goal", "rarity:5-star", "--pulls", "90"
    )
    assert answer["pmf"][1] == pytest.approx(0.81212330115422260007, abs=1e-15)
    assert answer["pmf"][0] == 0
    assert sum(answer["pmf"]) == pytest.approx(1)


def test_analyze_describes_counters_and_goals():
    described = run_json("analyze", "genshin-weapon-path2", "--describe")
    counters = {c["name"]: (c["lowest"], c["highest"]) for c in described["counters"]}
    assert counters["fate:5-star"] == (0, 2)
    assert "chosen:5-star" in described["goals"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--goal", "rarity:9-star"], 1, "5-star, 4-star, 3-star"),
        (["--goal", "rarity:5-star", "--state", "pity:5-star=99"], 1, "from 0 to 89"),
        (["--goal", "rarity:5-star", "--state", "pity"], 2, "pity:5-star=12"),
        (["--goal", "rarity:5-star", "--batch", "3"], 1, "it sells 1, 10"),
        ([], 2, "--goal is missing"),
        (["--goal", "rarity:5-star", "--copies", "2", "--pulls", "3"], 2, "leave one"),
    ],
)
def test_analyze_says_what_would_be_right(arguments, code, message):
    result = run("analyze", "genshin-character", *arguments)
    assert result.returncode == code
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert "Traceback" not in result.stderr


def test_analyze_saves_a_plot(tmp_path):
    path = tmp_path / "plot.png"
    run_json("analyze", "starter", "--goal", "rarity:rare", "--plot", str(path))
    assert path.read_bytes().startswith(b"\x89PNG")


def test_odds_as_markdown():
    text = run("odds", "genshin-character", "--markdown").stdout
    assert "| 5-star | 0.6% | 1.6052% | pull 90 |" in text
    assert "- one pull costs 160 primogem\n" in text
    assert "- a featured 5-star takes at most 180 pulls, 28800 primogem" in text


def test_check_warns_with_3(write, starter_file):
    starter_file["rarities"][0]["hard_pity"] = 95
    result = run("check", str(write("odd.json", starter_file)))
    assert result.returncode == 3
    assert "warning: hard pity at pull 95 is never reached" in result.stdout
