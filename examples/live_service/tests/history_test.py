"""Looking back at one's pulls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from game_in_process import Game


def test_history_is_newest_first_and_says_what_was_paid(game: Game) -> None:
    player = game.new_player(10_000)
    single = player.pull(160, key="one").json
    ten = player.pull(1600, count=10, key="ten").json
    history = player.history()
    assert history["userId"] == player.id
    assert history["nextCursor"] is None
    pulls = history["pulls"]
    assert [pull["pullId"] for pull in pulls] == [ten["pullId"]] * 10 + [
        single["pullId"]
    ]
    assert [pull["position"] for pull in pulls] == [*range(10, 0, -1), 1]
    assert [pull["item"] for pull in reversed(pulls[:10])] == ten["items"]
    assert pulls[10]["item"] == single["item"]
    assert {pull["currencySpent"] for pull in pulls} == {160}
    assert {pull["bannerId"] for pull in pulls} == {"starter"}
    pulled_at = datetime.fromisoformat(pulls[0]["pulledAt"])
    assert abs(datetime.now(UTC) - pulled_at) < timedelta(minutes=1)


@pytest.mark.parametrize("limit", [1, 3, 7, 20, 100])
def test_pages_give_each_pull_once(game: Game, limit: int) -> None:
    player = game.new_player(16_000)
    for _ in range(2):
        player.pull(1600, count=10)
    player.pull(160)
    whole = player.history(limit=100)["pulls"]
    pages, cursor = [], None
    while True:
        query = (
            {"limit": limit} if cursor is None else {"limit": limit, "cursor": cursor}
        )
        page = player.history(**query)
        pages.append(page["pulls"])
        cursor = page["nextCursor"]
        if cursor is None:
            break
        assert len(page["pulls"]) == limit
    assert [pull for page in pages for pull in page] == whole
    assert len(whole) == 21


def test_a_page_is_not_moved_by_pulls_that_come_after_it(game: Game) -> None:
    player = game.new_player(16_000)
    for _ in range(4):
        player.pull()
    first = player.history(limit=2)
    player.pull()
    second = player.history(limit=2, cursor=first["nextCursor"])
    whole = player.history()["pulls"][1:]
    assert first["pulls"] + second["pulls"] == whole


def test_a_player_without_pulls_has_an_empty_history(game: Game) -> None:
    player = game.new_player()
    assert player.history() == {"userId": player.id, "pulls": [], "nextCursor": None}


def test_players_don_t_see_each_other(game: Game) -> None:
    one, other = game.new_player(1000), game.new_player(1000)
    one.pull()
    assert other.history()["pulls"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "1.5"),
        ("limit", "ten"),
        ("limit", ""),
        ("limit", "9" * 50),
        ("limit", "٣"),
        ("cursor", ""),
        ("cursor", "nonsense"),
        ("cursor", "x" * 513),
        ("cursor", "-1"),
    ],
)
def test_a_wrong_parameter_is_named(game: Game, name: str, value: str) -> None:
    player = game.new_player(1000)
    player.pull()
    answer = game.gacha.get(
        "/gacha/history", query_string={name: value}, headers=player.headers()
    )
    assert answer.status_code == 400
    (error,) = answer.json["errors"]
    assert (error["in"], error["name"]) == ("query", name)
