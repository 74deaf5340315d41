"""A pull while requests and answers between the services get lost."""

from __future__ import annotations

from typing import Any

import pytest

from game_in_process import CURRENCY, Game, Player


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Don't wait seconds for an account service that a test has cut off."""
    monkeypatch.setattr("gacha.pull_progress._REQUEST_PATIENCE_S", 0.1)


def settle(game: Game) -> None:
    """Let the gacha service finish what can be finished, due or not."""
    progress, desk = game.gacha_service.progress, game.gacha_service.desk
    for _ in range(10):
        progress.recover(at_ms=FAR_FUTURE_MS)
        progress.confirm()
        if not desk.unsettled(FAR_FUTURE_MS, limit=1):
            return
    raise AssertionError("pulls are left unsettled")


FAR_FUTURE_MS = 4_000_000_000_000


def books(player: Player) -> tuple[int, int]:
    balance = player.game.account_service.wallet.balance(player.id, CURRENCY)
    return balance.posted, balance.held


def test_a_lost_hold_request_is_sent_again_unnoticed(game: Game) -> None:
    player = game.new_player(1000)
    player.history()
    game.to_account.lose_requests = 1
    assert player.pull().json["newCurrencyBalance"] == 840


def test_a_lost_hold_answer_is_asked_for_again_unnoticed(game: Game) -> None:
    player = game.new_player(1000)
    player.history()
    game.to_account.lose_answers = 1
    assert player.pull().json["newCurrencyBalance"] == 840
    assert player.balance() == 840


def test_with_account_away_the_pull_is_undecided_and_its_key_is_told(
    game: Game,
) -> None:
    player = game.new_player(1000)
    player.history()
    game.to_account.cut = True
    answer = player.pull()
    assert answer.status_code == 503
    assert answer.json["type"] == "/problems/pull-undecided"
    assert int(answer.headers["Retry-After"]) >= 1

    game.to_account.cut = False
    again = player.pull(key=answer.json["idempotencyKey"])
    assert again.status_code == 200
    assert player.balance() == 840
    assert len(player.history()["pulls"]) == 1


@pytest.mark.parametrize("loss", ["lose_requests", "lose_answers"])
def test_recovery_finishes_a_pull_whose_client_is_gone(game: Game, loss: str) -> None:
    player = game.new_player(1000)
    player.history()
    setattr(game.to_account, loss, 100)
    assert player.pull(key="k").status_code == 503
    setattr(game.to_account, loss, 0)
    settle(game)
    assert books(player) == (840, 0)
    (pull,) = player.history()["pulls"]
    # The client comes back after all and is told what happened.
    answer = player.pull(key="k")
    assert answer.json["item"] == pull["item"]
    assert answer.json["newCurrencyBalance"] == 840


@pytest.mark.parametrize("loss", ["lose_requests", "lose_answers"])
def test_a_lost_confirmation_is_repeated_without_charging_twice(
    game: Game, loss: str
) -> None:
    player = game.new_player(1000)
    player.pull()
    setattr(game.to_account, loss, 1)
    game.gacha_service.progress.confirm()
    settle(game)
    assert books(player) == (840, 0)


def test_a_drawn_pull_is_told_even_when_it_was_confirmed_meanwhile(
    game: Game,
) -> None:
    player = game.new_player(1000)
    first = player.pull(key="k")
    settle(game)
    game.to_account.cut = True
    # Its balance is the account service's to tell.
    assert player.pull(key="k").status_code == 503
    game.to_account.cut = False
    assert player.pull(key="k").data == first.data


def test_an_old_hold_of_a_drawn_pull_is_posted_by_the_sweeper(game: Game) -> None:
    player = game.new_player(1000)
    player.pull()
    game.account_service.sweeper.sweep()
    assert books(player) == (840, 0)
    settle(game)
    assert books(player) == (840, 0)


def test_an_old_hold_of_an_undrawn_pull_is_fenced_off_and_voided(game: Game) -> None:
    player = game.new_player(1000)
    player.history()
    # The hold was placed and its answer lost, so nothing is drawn.
    game.to_account.lose_answers = 100
    assert player.pull(key="k").status_code == 503
    game.to_account.lose_answers = 0
    assert books(player) == (1000, 160)

    game.account_service.sweeper.sweep()
    assert books(player) == (1000, 0)
    answer = player.pull(key="k")
    assert answer.status_code == 409
    assert answer.json["type"] == "/problems/pull-abandoned"
    settle(game)
    assert books(player) == (1000, 0)
    assert player.history()["pulls"] == []
    assert player.pull(key="k2").status_code == 200


def test_a_hold_that_no_pull_is_known_for_is_voided(game: Game) -> None:
    player = game.new_player(1000)
    hold: dict[str, Any] = {
        "holdId": "pull:unknown",
        "playerId": player.id,
        "currency": CURRENCY,
        "amount": 160,
        "sink": "spend:starter",
    }
    assert game.internal("/internal/holds", hold).status_code == 201
    game.account_service.sweeper.sweep()
    assert books(player) == (1000, 0)
    # Its id is fenced off for good: the delayed pull is refused.
    assert player.pull(key="unknown").status_code in (409, 422)
    assert game.internal("/internal/holds", hold).status_code == 410


def test_while_gacha_is_away_old_holds_are_kept(game: Game) -> None:
    player = game.new_player(1000)
    player.pull()
    game.to_gacha.cut = True
    game.account_service.sweeper.sweep()
    assert books(player) == (1000, 160)
    game.to_gacha.cut = False
    game.account_service.sweeper.sweep()
    assert books(player) == (840, 0)


def test_a_hold_kept_for_long_raises_the_alarm(
    game: Game, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    player = game.new_player(1000)
    player.pull()
    game.to_gacha.cut = True
    game.account_service.sweeper.sweep()
    assert '"level": "warning"' in capsys.readouterr().err
    monkeypatch.setattr(game.account_service.sweeper, "_alarm_after_ms", 0)
    game.account_service.sweeper.sweep()
    logged = capsys.readouterr().err
    assert '"level": "critical"' in logged
    assert player.id in logged


def test_while_account_is_away_a_round_asks_it_only_once(game: Game) -> None:
    player = game.new_player(1000)
    player.history()
    game.to_account.cut = True
    for number in range(5):
        assert player.pull(key=f"k{number}").status_code == 503
    game.to_account.paths.clear()
    game.gacha_service.progress.recover(at_ms=FAR_FUTURE_MS)
    assert len(game.to_account.paths) == 1


def test_two_sweeps_and_two_recoveries_at_once_do_no_harm(game: Game) -> None:
    """As with two worker processes, of which each has its own loops."""
    from concurrent.futures import ThreadPoolExecutor

    player = game.new_player(3200)
    player.history()
    game.to_account.lose_answers = 1000
    for number in range(10):
        player.pull(key=f"k{number}")
    game.to_account.lose_answers = 0
    progress, sweeper = game.gacha_service.progress, game.account_service.sweeper
    with ThreadPoolExecutor(4) as threads:
        for work in [
            lambda: progress.recover(at_ms=FAR_FUTURE_MS),
            sweeper.sweep,
        ] * 4:
            threads.submit(work)
    settle(game)
    pulled = len(player.history()["pulls"])
    assert books(player) == (3200 - 160 * pulled, 0)
