"""Tokens that must open nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest

from forged_tokens import FORGERIES, Forge
from game_in_process import Game, Player

PROTECTED = [
    ("account", "GET", "/account/currency"),
    ("account", "POST", "/account/buy-currency"),
    ("gacha", "POST", "/gacha/pull"),
    ("gacha", "GET", "/gacha/history"),
]


def send(game: Game, service: str, method: str, path: str, **headers: str) -> Any:
    client = game.account if service == "account" else game.gacha
    body: Any = {"currencySpent": 160} if "pull" in path else None
    if "buy" in path:
        body = {"amount": 100, "paymentMethod": "card"}
    return client.open(path, method=method, json=body, headers=headers)


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize(("service", "method", "path"), PROTECTED)
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_is_refused(
    victim: Player, name: str, service: str, method: str, path: str
) -> None:
    key_file = victim.game.folder / "signing-key.pem"
    forged = FORGERIES[name](Forge(victim.token, key_file))
    answer = send(victim.game, service, method, path, Authorization=f"Bearer {forged}")
    assert answer.status_code == 401
    assert answer.json["type"] == "/problems/invalid-token"


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize(("service", "method", "path"), PROTECTED)
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "{token}"])
def test_a_missing_token_is_told_apart(
    victim: Player, service: str, method: str, path: str, header: str
) -> None:
    authorization = header.format(token=victim.token)
    answer = send(victim.game, service, method, path, Authorization=authorization)
    assert answer.status_code == 401
    assert answer.json["type"] == "/problems/missing-token"


def test_the_forge_makes_valid_tokens_when_nothing_is_changed(game: Game) -> None:
    """Or the tests above would pass whatever the services did."""
    player = game.new_player(1000)
    forge = Forge(player.token, game.folder / "signing-key.pem")
    for token in (forge.signed(), forge.with_header(forge.key.sign)):
        for service, method, path in PROTECTED:
            answer = send(game, service, method, path, Authorization=f"bearer {token}")
            assert answer.status_code == 200


def test_a_token_of_a_player_who_is_gone_opens_nothing(game: Game) -> None:
    forge = Forge(game.new_player().token, game.folder / "signing-key.pem")
    token = forge.signed(sub="u-gone")
    for service, method, path in PROTECTED[:2]:
        answer = send(game, service, method, path, Authorization=f"Bearer {token}")
        assert answer.status_code == 401


def test_known_keys_serve_while_account_is_away(game: Game) -> None:
    player = game.new_player(1000)
    assert player.pull().status_code == 200
    game.to_account.cut = True
    assert len(player.history()["pulls"]) == 1


def test_without_ever_having_seen_a_key_gacha_asks_for_patience(game: Game) -> None:
    player = game.new_player()
    game.to_account.cut = True
    answer = game.gacha.get("/gacha/history", headers=player.headers())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    game.to_account.cut = False
    assert player.history()["pulls"] == []


def test_invented_key_ids_don_t_become_calls_to_account(game: Game) -> None:
    player = game.new_player(1000)
    player.pull()
    forge = Forge(player.token, game.folder / "signing-key.pem")
    before = len(game.to_account.paths)
    for number in range(20):
        token = forge.with_header(forge.key.sign, kid=f"k{number}")
        answer = game.gacha.get(
            "/gacha/history", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 401
    assert len(game.to_account.paths) - before <= 1


def test_an_issuer_whose_clock_is_a_little_ahead_is_believed(game: Game) -> None:
    player = game.new_player(1000)
    forge = Forge(player.token, game.folder / "signing-key.pem")
    for ahead_s, status in ((30, 200), (90, 401)):
        token = forge.signed(iat=int(time.time()) + ahead_s)
        for service, method, path in PROTECTED:
            answer = send(game, service, method, path, Authorization=f"Bearer {token}")
            assert answer.status_code == status
