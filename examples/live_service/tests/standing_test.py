"""Where a player stands: counters, the odds of the next pull, luck."""

from __future__ import annotations

import threading
from itertools import takewhile
from math import comb
from pathlib import Path
from typing import Any

import pytest

from banner_files import write_banner
from gacha.analyst import Analyst
from gacha.luck import MOST_PULLS
from game_in_process import Game, Player
from shared_http.problems import Problem

# The odds of an ultra rare in the n-th pull since the last, as the banner's file has
# them: 0.6%, from the 74th on 6 points more with each.
CHANCE = [0.006 if n < 74 else min(1.0, 0.006 + 0.06 * (n - 73)) for n in range(1, 91)]


def ask(player: Player, path: str, **query: str) -> Any:
    answer = player.game.gacha.get(
        f"/gacha/{path}", query_string=query, headers=player.headers()
    )
    assert answer.status_code == 200, answer.json
    return answer.json


def counters(player: Player, **query: str) -> dict[str, Any]:
    return {each["name"]: each for each in ask(player, "pity", **query)["counters"]}


def chances(player: Player) -> dict[str, float]:
    return {each["id"]: each["percent"] for each in ask(player, "pity")["nextPull"]}


def test_the_counters_follow_the_history(game: Game) -> None:
    player = game.new_player(160 * 120)
    assert counters(player)["pity:ultra_rare"]["value"] == 0
    for _ in range(10):
        player.pull(1600, count=10)
        rarities = [p["item"]["rarity"] for p in player.history(limit=100)["pulls"]]
        since = len(list(takewhile(lambda each: each != "ultra rare", rarities)))
        counter = counters(player)["pity:ultra_rare"]
        assert counter["value"] == since
        assert counter["text"].startswith(f"{since} pull")
        assert since == 89 or f"within {90 - since} pulls" in counter["text"]
        assert (counter["lowest"], counter["highest"]) == (0, 89)


def test_the_odds_of_the_next_pull_rise_with_the_wait(game: Game) -> None:
    player = game.new_player(160 * 400)
    risen = False
    for _ in range(40):
        wait = counters(player)["pity:ultra_rare"]["value"]
        odds = chances(player)
        assert odds["ultra_rare"] == pytest.approx(100 * CHANCE[wait], rel=1e-12)
        assert sum(odds.values()) == pytest.approx(100, rel=1e-12)
        risen |= wait >= 73
        if risen:
            break
        player.pull(160, count=1) if wait >= 64 else player.pull(1600, count=10)
    assert risen


def test_luck_is_that_of_the_exact_distribution(game: Game) -> None:
    player = game.new_player(1600)
    player.pull(1600, count=10)
    hits = sum(
        pull["item"]["rarity"] == "ultra rare" for pull in player.history()["pulls"]
    )
    luck = ask(player, "luck")
    assert (luck["pulls"], luck["hits"], luck["rarity"]) == (10, hits, "ultra_rare")
    law = luck["distribution"]
    # No pity within ten pulls, so a binomial.
    exact = [comb(10, k) * 0.006**k * 0.994 ** (10 - k) for k in range(11)]
    shown = exact[law["first"] :][: len(law["probabilities"])]
    assert law["probabilities"] == pytest.approx(shown, rel=1e-12)
    assert law["mean"] == pytest.approx(0.06, rel=1e-12)
    assert law["atMost"] == pytest.approx(sum(exact[: hits + 1]), rel=1e-12)
    assert law["atLeast"] == pytest.approx(sum(exact[hits:]), rel=1e-12)
    assert law["luck"] == pytest.approx(sum(exact[:hits]) + exact[hits] / 2, rel=1e-12)
    assert luck["reason"] is None


def test_luck_counts_every_page_of_the_history(game: Game) -> None:
    player = game.new_player(160 * 1010)
    for _ in range(101):
        assert player.pull(1600, count=10).status_code == 200
    luck = ask(player, "luck")
    assert luck["pulls"] == 1010
    inventory = game.gacha_service.desk.inventory(player.id)
    assert luck["hits"] == sum(inventory.get(item, 0) for item in rarest(game)) > 0
    hits = luck["hits"]
    law = luck["distribution"]
    assert abs(1 - sum(law["probabilities"])) < 3e-4
    assert law["first"] <= hits < law["first"] + len(law["probabilities"])


def rarest(game: Game) -> list[str]:
    items = game.gacha.get("/gacha/items").json["items"]
    return [item["id"] for item in items if item["rarity"] == "ultra rare"]


def test_who_never_pulled_has_no_luck_yet(game: Game) -> None:
    luck = ask(game.new_player(), "luck")
    assert (luck["pulls"], luck["hits"]) == (0, 0)
    assert luck["distribution"]["probabilities"] == pytest.approx([1])


def test_pulls_under_other_odds_are_not_compared(tmp_path: Path) -> None:
    cheap = {"currency": "crystal", "amount": 80}
    write_banner(tmp_path / "a.json", id="autumn", family="starter", price=cheap)
    write_banner(tmp_path / "b.json", id="brook")
    game = Game(tmp_path, banner_folder=tmp_path)
    player = game.new_player(1600)
    # Of another family: neither counted nor in the way.
    assert player.pull(160, bannerId="brook").status_code == 200
    assert player.pull(160).status_code == 200
    assert ask(player, "luck")["pulls"] == 1
    assert ask(player, "luck")["distribution"] is not None
    # Of the same, with the same counters.
    assert player.pull(80, bannerId="autumn").status_code == 200
    luck = ask(player, "luck")
    assert (luck["pulls"], luck["distribution"]) == (2, None)
    assert "other odds" in luck["reason"]
    game.close()


def test_more_pulls_than_are_compared_are_told_so(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gacha.luck.MOST_PULLS", 9)
    player = game.new_player(1600)
    player.pull(1600, count=10)
    luck = ask(player, "luck")
    assert luck["distribution"] is None
    assert "9 pulls" in luck["reason"]
    assert MOST_PULLS == 10_000


@pytest.mark.parametrize("path", ["pity", "luck"])
def test_standing_is_the_player_s_own_and_of_a_banner_that_is(
    game: Game, path: str
) -> None:
    assert game.gacha.get(f"/gacha/{path}").status_code == 401
    answer = game.gacha.get(
        f"/gacha/{path}?banner=sunset", headers=game.new_player().headers()
    )
    assert answer.status_code == 404


def test_what_takes_long_is_a_503_and_there_later() -> None:
    analyst = Analyst(patience_s=0.05)
    go_on = threading.Event()
    times = []

    def work() -> str:
        times.append(1)
        go_on.wait(10)
        return "done"

    for _ in range(3):
        with pytest.raises(Problem) as refused:
            analyst.answer("k", work)
        assert refused.value.status == 503
    go_on.set()
    assert [analyst.answer("k", work) for _ in range(2)] == ["done", "done"]
    assert times == [1]
    analyst.close()


def test_too_much_at_once_is_a_503_at_once_and_what_failed_is_tried_again() -> None:
    analyst = Analyst(patience_s=0.01)
    go_on = threading.Event()
    for number in range(32):
        with pytest.raises(Problem):
            analyst.answer(number, lambda: go_on.wait(10))
    with pytest.raises(Problem, match="too much"):
        analyst.answer("one more", lambda: 1)
    go_on.set()
    analyst.close()

    analyst = Analyst()

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        analyst.answer("k", fail)
    assert analyst.answer("k", lambda: 7) == 7
    analyst.close()
