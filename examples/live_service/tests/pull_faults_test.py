"""A pull while requests and answers between the services get lost."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

import fairpull
from banner_files import write_banner
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
    game.account_service.sweeper.sweep(at_ms=FAR_FUTURE_MS)
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

    game.account_service.sweeper.sweep(at_ms=FAR_FUTURE_MS)
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
    game.account_service.sweeper.sweep(at_ms=FAR_FUTURE_MS)
    assert books(player) == (1000, 0)
    # Its id is fenced off for good: the delayed pull is refused.
    assert player.pull(key="unknown").status_code in (409, 422)
    assert game.internal("/internal/holds", hold).status_code == 410


def test_while_gacha_is_away_old_holds_are_kept(game: Game) -> None:
    player = game.new_player(1000)
    player.pull()
    game.to_gacha.cut = True
    game.account_service.sweeper.sweep(at_ms=FAR_FUTURE_MS)
    assert books(player) == (1000, 160)
    game.to_gacha.cut = False
    game.account_service.sweeper.sweep(at_ms=FAR_FUTURE_MS)
    assert books(player) == (840, 0)


def test_a_hold_kept_for_long_raises_the_alarm(
    game: Game, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    player = game.new_player(1000)
    player.pull()
    game.to_gacha.cut = True
    game.account_service.sweeper.sweep(at_ms=FAR_FUTURE_MS)
    assert '"level": "warning"' in capsys.readouterr().err
    monkeypatch.setattr(game.account_service.sweeper, "_alarm_after_ms", 0)
    game.account_service.sweeper.sweep(at_ms=FAR_FUTURE_MS)
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


def test_once_account_answers_again_no_pull_waits_for_its_next_try(game: Game) -> None:
    player = game.new_player(1000)
    player.history()
    progress, desk = game.gacha_service.progress, game.gacha_service.desk
    game.to_account.cut = True
    assert player.pull(key="k").status_code == 503
    # Tried in vain again and again, the next try is half a minute away.
    for _ in range(8):
        progress.recover(at_ms=time.time_ns() // 1_000_000 + 30_000)
    (left,) = desk.unsettled(FAR_FUTURE_MS)
    assert left.next_due_ms > time.time_ns() // 1_000_000 + 5_000
    progress.recover()
    assert len(desk.unsettled(FAR_FUTURE_MS)) == 1
    # Another player's pull shows that the account service is back.
    game.to_account.cut = False
    other = game.new_player(1000)
    assert other.pull(key="k").status_code == 200
    progress.recover()
    progress.confirm()
    assert desk.unsettled(FAR_FUTURE_MS) == []


def forgetful_account(game: Game, player: Player, amount: int) -> Game:
    """Put an account service in place that only knows one purchase of the player.

    As after a failover to a database that lacks the last commits. The game whose
    account service it is comes back.
    """
    folder = game.folder / "forgetful"
    folder.mkdir()
    forgetful = Game(folder)
    wallet = forgetful.account_service.wallet
    wallet.open_account(player.id, CURRENCY)
    wallet.grant(
        "buy:b",
        player=player.id,
        currency=CURRENCY,
        amount=amount,
        source="issuer:card",
    )
    game.to_account.to = forgetful.account_app
    return forgetful


def test_a_hold_that_account_has_lost_is_placed_and_posted_again(game: Game) -> None:
    player = game.new_player(1000)
    player.pull(key="k")
    forgetful = forgetful_account(game, player, 1000)
    settle(game)
    balance = forgetful.account_service.wallet.balance(player.id, CURRENCY)
    assert (balance.posted, balance.held) == (840, 0)
    forgetful.close()


def test_a_refusal_that_account_has_lost_leaves_no_hold_behind(game: Game) -> None:
    player = game.new_player(100)
    assert player.pull(key="k").status_code == 402
    forgetful = forgetful_account(game, player, 1000)
    assert player.pull(key="k").status_code == 409
    settle(game)
    balance = forgetful.account_service.wallet.balance(player.id, CURRENCY)
    assert (balance.posted, balance.held) == (1000, 0)
    assert player.history()["pulls"] == []
    forgetful.close()


def test_a_drawn_pull_whose_hold_was_voided_raises_the_alarm(
    game: Game, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which none of the services does: someone has to look."""
    player = game.new_player(1000)
    pull_id = player.pull(key="k").json["pullId"]
    game.account_service.wallet.void(pull_id, player=player.id)
    capsys.readouterr()
    game.gacha_service.progress.confirm()
    logged = capsys.readouterr().err
    assert '"level": "critical"' in logged
    assert pull_id in logged
    # The item is the player's, whatever became of the payment.
    assert len(player.history()["pulls"]) == 1


def test_a_repeat_notices_that_its_hold_was_posted_meanwhile(game: Game) -> None:
    player = game.new_player(1000)
    pull_id = player.pull(key="k").json["pullId"]
    game.account_service.wallet.post(pull_id, player=player.id)
    desk = game.gacha_service.desk
    assert len(desk.unsettled(FAR_FUTURE_MS)) == 1
    assert player.pull(key="k").status_code == 200
    assert desk.unsettled(FAR_FUTURE_MS) == []


def test_recovery_leaves_a_running_pull_alone(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = game.new_player(1000)
    player.history()
    carry = game.to_account.handle_request
    calls: list[str] = []

    def carry_while_recovering(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        if len(calls) == 1:
            game.gacha_service.progress.recover(at_ms=FAR_FUTURE_MS)
        return carry(request)

    monkeypatch.setattr(game.to_account, "handle_request", carry_while_recovering)
    assert player.pull().status_code == 200
    assert calls == ["/internal/holds"]


def test_a_pull_that_was_fenced_off_asks_for_no_hold(game: Game) -> None:
    player = game.new_player(1000)
    player.history()
    path = f"/internal/pulls/{player.id}/pull:k/inquiry"
    assert game.internal(path).json == {"verdict": "void"}
    game.to_account.paths.clear()
    assert player.pull(key="k").status_code == 409
    assert game.to_account.paths == []


def test_a_pull_whose_banner_is_gone_doesn_t_hold_up_the_others(
    tmp_path: Path,
) -> None:
    banners = tmp_path / "banners"
    banners.mkdir()
    write_banner(banners / "brief.json", id="brief")
    game = Game(tmp_path, banner_folder=banners)
    player = game.new_player(1000)
    player.history()
    game.to_account.lose_requests = 1000
    player.pull(160, bannerId="brief", key="gone")
    player.pull(160, key="stays")
    game.close()

    game = Game(tmp_path)
    for _ in range(3):
        game.gacha_service.progress.recover(at_ms=FAR_FUTURE_MS)
        game.gacha_service.progress.confirm()
    wallet = game.account_service.wallet
    spends = [
        entry.counterparty
        for entry in wallet.entries(player.id, CURRENCY)
        if entry.amount < 0
    ]
    assert spends == ["spend:starter"]
    # The account service's question fences the other one off.
    game.account_service.sweeper.sweep(at_ms=FAR_FUTURE_MS)
    assert wallet.balance(player.id, CURRENCY).available == 840
    game.close()


def test_an_answer_that_is_not_account_s_own_decides_nothing(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from a proxy's error page, or from a wrong address."""
    player = game.new_player(1000)
    player.history()
    strange = [
        httpx.Response(404, json={"type": "/problems/not-found"}),
        httpx.Response(410, json={"type": "/problems/gone"}),
        httpx.Response(402, json={}),
        httpx.Response(200, json={"state": "unheard of"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
    ]
    for number, answer in enumerate(strange):
        monkeypatch.setattr(
            game.to_account, "handle_request", lambda _, answer=answer: answer
        )
        assert player.pull(key=f"k{number}").status_code == 503
    monkeypatch.undo()
    for number in range(len(strange)):
        assert player.pull(key=f"k{number}").status_code == 200
    settle(game)
    assert books(player) == (40, 0)


def test_a_storage_failure_asks_for_a_repeat_and_names_the_key(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = game.new_player(1000)
    wallet, desk = game.account_service.wallet, game.gacha_service.desk

    def fail(*_: object, **__: object) -> None:
        raise fairpull.StoreError("the disk is full")

    with monkeypatch.context() as failing:
        failing.setattr(type(wallet), "grant", fail)
        purchase = player.buy(100)
    with monkeypatch.context() as failing:
        failing.setattr(type(desk), "begin", fail)
        pull = player.pull(160)
    for answer in (purchase, pull):
        assert answer.status_code == 503
        assert answer.json["type"] == "/problems/service-unavailable"
        assert b"disk" not in answer.data
    assert player.buy(100, key=purchase.headers["Idempotency-Key"]).status_code == 200
    assert player.pull(160, key=pull.headers["Idempotency-Key"]).status_code == 200


def test_two_sweeps_and_two_recoveries_at_once_do_no_harm(game: Game) -> None:
    """As with two worker processes, of which each has its own loops."""
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
            lambda: sweeper.sweep(at_ms=FAR_FUTURE_MS),
        ] * 4:
            threads.submit(work)
    settle(game)
    pulled = len(player.history()["pulls"])
    assert books(player) == (3200 - 160 * pulled, 0)
