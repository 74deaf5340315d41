"""Each service killed at each commit point of a pull, and what is left of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from books import check_books, wait_settled
from game_processes import Client, GameProcesses
from waiting import until

# Far beyond the length of these tests, so that the sweeper never decides here.
NO_SWEEP = {"HOLD_ASK_AFTER_MS": "60000"}

POINTS = [
    "gacha:before_intent",
    "gacha:after_intent",
    "gacha:before_draw",
    "gacha:after_draw",
    "gacha:before_post",
    "gacha:after_post",
    "account:before_hold",
    "account:after_hold",
    "account:before_post",
    "account:after_post",
]


@pytest.fixture
def game(tmp_path: Path) -> Iterator[GameProcesses]:
    game = GameProcesses(tmp_path, RECOVERY_MS="50", HOLD_SWEEP_MS="100")
    yield game
    game.kill()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", POINTS)
def test_a_client_who_insists_gets_its_ten_once_whatever_was_killed(
    game: GameProcesses, point: str
) -> None:
    game.start(FAIRPULL_CRASH_AT=point, **NO_SWEEP)
    client = Client(game, "aster")
    assert client.buy(3200, "b1").status_code == 200
    first = client.pull("k1", count=10)
    assert first.status_code == 200
    until(lambda: game.crashed, within_s=10, what=f"{point} reached")
    # Once more: the same answer, and the game goes on.
    assert client.pull("k1", count=10).content == first.content
    assert client.pull("k2").status_code == 200
    wait_settled(game)
    assert client.balance() == 3200 - 160 * 11
    assert game.stop() == [0, 0]
    check_books(game, [client])


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "point", [point for point in POINTS if point != "gacha:before_intent"]
)
def test_a_client_who_never_comes_back_is_charged_for_what_was_drawn(
    game: GameProcesses, point: str
) -> None:
    """Without its client a pull is finished all the same, and told in the history."""
    game.start(FAIRPULL_CRASH_AT=point, **NO_SWEEP)
    client = Client(game, "aster")
    client.buy(1000, "b1")
    answer = client.send_once("/gacha/pull", {"currencySpent": 160}, "k1")
    until(lambda: game.crashed, within_s=10, what=f"{point} reached")
    for service in (game.account, game.gacha):
        service.wait_ready()
    wait_settled(game)
    pulls = client.send("GET", "/gacha/history").json()["pulls"]
    assert len(pulls) == 1
    assert client.balance() == 840
    if answer is not None and answer.status_code == 200:
        assert answer.json()["item"] == pulls[0]["item"]
    assert game.stop() == [0, 0]
    check_books(game, [client])


@pytest.mark.timeout(120)
@pytest.mark.parametrize("point", ["gacha:before_draw", "account:after_hold"])
def test_the_sweeper_and_the_draw_agree_on_who_was_first(
    game: GameProcesses, point: str
) -> None:
    """With holds asked about at once, a pull is drawn and paid, or neither."""
    game.start(FAIRPULL_CRASH_AT=point, HOLD_ASK_AFTER_MS="1", HOLD_SWEEP_MS="20")
    client = Client(game, "aster")
    client.buy(16_000, "b1")
    for number in range(20):
        assert client.pull(f"k{number}").status_code in (200, 409)
    assert game.crashed
    wait_settled(game)
    assert client.balance() == 16_000 - 160 * len(client.told_pulls)
    assert game.stop() == [0, 0]
    check_books(game, [client])


@pytest.mark.timeout(120)
def test_a_purchase_is_made_once_though_the_service_dies_on_the_way(
    game: GameProcesses,
) -> None:
    game.start(**NO_SWEEP)
    client = Client(game, "aster")
    for number in range(5):
        game.account.kill()
        game.account.start()
        assert client.buy(100, f"b{number}").status_code == 200
        assert client.buy(100, f"b{number}").json()["newBalance"] == 100 * (number + 1)
    assert game.stop() == [0, 0]
    check_books(game, [client])


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "point",
    [
        "account:after_purchase_intent",
        "account:after_payment_recorded",
        "account:after_grant",
        "account:after_reversal",
    ],
)
def test_a_purchase_and_its_refund_happen_once_whatever_was_killed(
    game: GameProcesses, point: str
) -> None:
    game.start(FAIRPULL_CRASH_AT=point, **NO_SWEEP)
    client = Client(game, "aster")
    assert client.buy(100, "kept").json()["newBalance"] == 100
    assert client.buy(50, "b1").json()["newBalance"] == 150
    client.tell("payment.refunded", 50, "b1")
    until(lambda: game.crashed, within_s=10, what=f"{point} reached")
    wait_settled(game)
    assert client.balance() == 100
    assert game.stop() == [0, 0]
    check_books(game, [client])


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "point", ["account:after_payment_recorded", "account:after_grant"]
)
def test_what_was_paid_is_granted_though_its_client_never_comes_back(
    game: GameProcesses, point: str
) -> None:
    game.start(FAIRPULL_CRASH_AT=point, **NO_SWEEP)
    client = Client(game, "aster")
    client.walk_away_from(100, "b1")
    assert game.crashed
    game.account.wait_ready()
    wait_settled(game)
    assert client.balance() == 100
    assert game.stop() == [0, 0]
    check_books(game, [client])


@pytest.mark.timeout(120)
def test_with_account_down_a_pull_waits_and_is_finished_on_its_return(
    game: GameProcesses,
) -> None:
    game.start(**NO_SWEEP)
    client = Client(game, "aster")
    client.buy(1000, "b1")
    assert client.pull("k0").status_code == 200
    wait_settled(game)
    game.account.kill()
    answer = client.send_once("/gacha/pull", {"currencySpent": 160}, "k1")
    assert answer is not None
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/pull-undecided"
    # History needs no account service.
    assert len(client.send("GET", "/gacha/history").json()["pulls"]) == 1
    game.account.start()
    assert client.pull("k1").status_code == 200
    wait_settled(game)
    assert client.balance() == 1000 - 320
    assert game.stop() == [0, 0]
    check_books(game, [client])
