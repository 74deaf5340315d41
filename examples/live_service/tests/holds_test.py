"""`/internal`: what the services ask of each other, and who may ask."""

from __future__ import annotations

from typing import Any

import pytest

from game_in_process import CURRENCY, SERVICE_TOKEN, Game, Player


def hold_of(player: Player, hold_id: str = "pull:h", amount: int = 160) -> Any:
    return {
        "holdId": hold_id,
        "playerId": player.id,
        "currency": CURRENCY,
        "amount": amount,
        "sink": "spend:starter",
    }


def test_a_hold_sets_an_amount_aside_once(game: Game) -> None:
    player = game.new_player(1000)
    first = game.internal("/internal/holds", hold_of(player))
    assert first.status_code == 201
    assert first.json == {"holdId": "pull:h", "state": "pending", "available": 840}
    player.buy(100)
    again = game.internal("/internal/holds", hold_of(player))
    assert again.status_code == 200
    assert again.json == first.json
    assert player.balance() == 940


def test_a_hold_beyond_the_balance_is_refused_for_good(game: Game) -> None:
    player = game.new_player(100)
    refused = game.internal("/internal/holds", hold_of(player))
    player.buy(1000)
    again = game.internal("/internal/holds", hold_of(player))
    for answer in (refused, again):
        assert answer.status_code == 402
        assert answer.json["balance"] == 100
    assert player.balance() == 1100


def test_a_hold_of_nobody_is_refused(game: Game) -> None:
    player = game.new_player(100)
    body = {**hold_of(player), "playerId": "u-nobody"}
    assert game.internal("/internal/holds", body).status_code == 404


def test_a_used_id_with_another_amount_is_refused(game: Game) -> None:
    player = game.new_player(1000)
    game.internal("/internal/holds", hold_of(player))
    answer = game.internal("/internal/holds", hold_of(player, amount=161))
    assert answer.status_code == 409
    assert player.balance() == 840


def test_a_sink_that_is_none_is_refused(game: Game) -> None:
    player = game.new_player(1000)
    for sink in ("issuer:card", "nowhere"):
        body = {**hold_of(player), "sink": sink}
        assert game.internal("/internal/holds", body).status_code == 400
    assert player.balance() == 1000


@pytest.mark.parametrize(
    "path",
    [
        "/internal/holds/a b/post",
        "/internal/holds/a b/void",
        "/internal/pulls/u-1/ü/inquiry",
    ],
)
def test_an_id_that_can_t_be_one_is_refused(game: Game, path: str) -> None:
    assert game.internal(path, {"playerId": "u-1"}).status_code == 400


def test_a_post_takes_the_amount_once(game: Game) -> None:
    player = game.new_player(1000)
    game.internal("/internal/holds", hold_of(player))
    for _ in range(2):
        answer = game.internal("/internal/holds/pull:h/post", {"playerId": player.id})
        assert (answer.status_code, answer.json) == (200, {"outcome": "posted"})
    balance = game.account_service.wallet.balance(player.id, CURRENCY)
    assert (balance.posted, balance.held) == (840, 0)
    assert game.internal("/internal/holds", hold_of(player)).json["state"] == "posted"


def test_a_void_gives_the_amount_back_once(game: Game) -> None:
    player = game.new_player(1000)
    game.internal("/internal/holds", hold_of(player))
    for _ in range(2):
        answer = game.internal("/internal/holds/pull:h/void", {"playerId": player.id})
        assert (answer.status_code, answer.json) == (200, {"outcome": "voided"})
    assert player.balance() == 1000
    assert game.internal("/internal/holds", hold_of(player)).status_code == 410


def test_a_void_before_its_hold_refuses_the_hold(game: Game) -> None:
    player = game.new_player(1000)
    void = game.internal("/internal/holds/pull:h/void", {"playerId": player.id})
    assert void.status_code == 200
    assert game.internal("/internal/holds", hold_of(player)).status_code == 410
    assert player.balance() == 1000


def test_post_and_void_exclude_each_other(game: Game) -> None:
    player = game.new_player(1000)
    owner = {"playerId": player.id}
    game.internal("/internal/holds", hold_of(player, "pull:posted"))
    game.internal("/internal/holds/pull:posted/post", owner)
    assert game.internal("/internal/holds/pull:posted/void", owner).status_code == 409
    game.internal("/internal/holds", hold_of(player, "pull:voided"))
    game.internal("/internal/holds/pull:voided/void", owner)
    assert game.internal("/internal/holds/pull:voided/post", owner).status_code == 410
    assert player.balance() == 840


def test_a_post_of_an_unknown_hold_says_so(game: Game) -> None:
    player = game.new_player(1000)
    answer = game.internal("/internal/holds/pull:h/post", {"playerId": player.id})
    assert answer.status_code == 404


def test_a_batch_of_posts_tells_each_outcome_in_order(game: Game) -> None:
    player, other = game.new_player(1000), game.new_player(1000)
    game.internal("/internal/holds", hold_of(player, "pull:a"))
    game.internal("/internal/holds", hold_of(other, "pull:b"))
    game.internal("/internal/holds", hold_of(player, "pull:c"))
    game.internal("/internal/holds/pull:c/void", {"playerId": player.id})
    posts = [
        {"holdId": "pull:b", "playerId": other.id},
        {"holdId": "pull:c", "playerId": player.id},
        {"holdId": "pull:d", "playerId": player.id},
        {"holdId": "pull:a", "playerId": player.id},
        {"holdId": "pull:a", "playerId": player.id},
    ]
    answer = game.internal("/internal/holds/post", {"posts": posts})
    outcomes = ["posted", "hold_voided", "hold_unknown", "posted", "posted"]
    assert answer.json["results"] == [
        {**post, "outcome": outcome}
        for post, outcome in zip(posts, outcomes, strict=True)
    ]
    assert player.balance() == other.balance() == 840


def test_a_batch_holds_at_most_a_hundred(game: Game) -> None:
    posts = [{"holdId": f"pull:{n}", "playerId": "u-1"} for n in range(101)]
    answer = game.internal("/internal/holds/post", {"posts": posts})
    assert answer.status_code == 400
    assert "100" in answer.json["detail"]


def test_an_inquiry_is_answered_by_what_is_written(game: Game) -> None:
    player = game.new_player(1000)
    player.pull(key="drawn")
    path = f"/internal/pulls/{player.id}/pull"
    assert game.internal(f"{path}:drawn/inquiry").json == {"verdict": "post"}
    assert game.internal(f"{path}:unheard-of/inquiry").json == {"verdict": "void"}


INTERNAL = [
    "/internal/holds",
    "/internal/holds/post",
    "/internal/holds/pull:h/post",
    "/internal/holds/pull:h/void",
    "/internal/pulls/u-1/pull:h/inquiry",
]


@pytest.mark.parametrize("path", INTERNAL)
@pytest.mark.parametrize(
    "token", ["", "x" * 44, SERVICE_TOKEN[:-1], SERVICE_TOKEN + "0", "ü"]
)
def test_without_the_service_token_nothing_internal_opens(
    shared_game: Game, path: str, token: str
) -> None:
    answer = shared_game.internal(path, {}, token=token)
    assert answer.status_code == 401
    assert answer.json["type"] == "/problems/invalid-service-token"


@pytest.mark.parametrize("path", INTERNAL)
def test_a_player_s_token_opens_nothing_internal(game: Game, path: str) -> None:
    player = game.new_player(1000)
    client = game.gacha if "/pulls/" in path else game.account
    for headers in (
        player.headers(),
        {"X-Service-Token": player.token},
        {"Authorization": f"Bearer {SERVICE_TOKEN}"},
    ):
        assert client.post(path, json={}, headers=headers).status_code == 401


def test_the_service_token_is_no_player_s_token(game: Game) -> None:
    answer = game.account.get(
        "/account/currency", headers={"Authorization": f"Bearer {SERVICE_TOKEN}"}
    )
    assert answer.status_code == 401
