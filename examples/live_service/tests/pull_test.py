"""Pulling, when all goes well or the player asks for what can't be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from banner_files import write_banner
from game_in_process import CURRENCY, Game


def test_a_pull_costs_its_price_and_gives_an_item_of_the_banner(game: Game) -> None:
    player = game.new_player(1000)
    answer = player.pull(160, key="k1")
    assert answer.status_code == 200
    assert answer.json["newCurrencyBalance"] == 840
    assert answer.json["items"] == [answer.json["item"]]
    assert answer.json["item"] in game.gacha.get("/gacha/items").json["items"]
    assert player.balance() == 840


def test_ten_pulls_give_ten_items_and_show_the_first_of_the_rarest(
    game: Game,
) -> None:
    order = ["ultra rare", "super rare", "rare"]
    player = game.new_player(16_000)
    for number in range(10):
        answer = player.pull(1600, count=10)
        items = answer.json["items"]
        assert answer.json["newCurrencyBalance"] == 16_000 - 1600 * (number + 1)
        assert len(items) == 10
        rarest = min(order.index(item["rarity"]) for item in items)
        first = next(item for item in items if item["rarity"] == order[rarest])
        assert answer.json["item"] == first
    assert player.balance() == 0


def test_the_hold_becomes_a_spend_once_confirmed(game: Game) -> None:
    player = game.new_player(1000)
    wallet = game.account_service.wallet
    player.pull(160, key="k")
    before = wallet.balance(player.id, CURRENCY)
    assert (before.posted, before.held, before.available) == (1000, 160, 840)
    game.gacha_service.progress.confirm()
    after = wallet.balance(player.id, CURRENCY)
    assert (after.posted, after.held, after.available) == (840, 0, 840)
    entry = wallet.entries(player.id, CURRENCY)[-1]
    assert (entry.amount, entry.counterparty) == (-160, "spend:starter")


def test_many_pulls_are_confirmed_in_one_call(game: Game) -> None:
    player = game.new_player(1600)
    for _ in range(10):
        player.pull()
    game.to_account.paths.clear()
    game.gacha_service.progress.confirm()
    assert game.to_account.paths == ["/internal/holds/post"]
    assert game.account_service.wallet.balance(player.id, CURRENCY).held == 0


def test_a_repeated_key_gives_the_first_answer_byte_for_byte(game: Game) -> None:
    player = game.new_player(1000)
    first = player.pull(key="k1")
    player.pull(key="k2")
    unconfirmed = player.pull(key="k1")
    game.gacha_service.progress.confirm()
    confirmed = player.pull(key="k1")
    assert first.data == unconfirmed.data == confirmed.data
    assert player.balance() == 1000 - 320
    assert len(player.history()["pulls"]) == 2


def test_a_pull_without_a_key_is_told_the_one_it_got(game: Game) -> None:
    player = game.new_player(1000)
    first = player.pull()
    again = player.pull(key=first.headers["Idempotency-Key"])
    assert again.data == first.data
    assert player.balance() == 840


def test_one_key_in_parallel_is_one_pull(game: Game) -> None:
    player = game.new_player(1000)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: player.pull(key="k"), range(32)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.data for answer in answers if answer.status_code == 200}) == 1
    assert player.balance() == 840
    assert len(player.history()["pulls"]) == 1


def test_a_running_pull_answers_its_repeat_with_wait(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = game.new_player(1000)
    player.history()
    carry = game.to_account.handle_request
    repeats: list[Any] = []

    def carry_while_repeated(request: httpx.Request) -> httpx.Response:
        repeats.append(player.pull(key="k"))
        return carry(request)

    monkeypatch.setattr(game.to_account, "handle_request", carry_while_repeated)
    assert player.pull(key="k").status_code == 200
    (repeat,) = repeats
    assert repeat.status_code == 409
    assert repeat.json["type"] == "/problems/request-in-progress"
    assert repeat.headers["Retry-After"] == "1"
    assert player.balance() == 840


def test_a_balance_for_five_pays_for_exactly_five(game: Game) -> None:
    player = game.new_player(5 * 160)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: player.pull(), range(24)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] * 5 + [402] * 19
    assert player.balance() == 0
    assert len(player.history()["pulls"]) == 5


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"spent": 1600, "count": 10}, "count"),
        ({"spent": 160, "bannerId": "elsewhere"}, "bannerId"),
        ({"spent": 161}, "currencySpent"),
    ],
)
def test_the_same_key_with_another_body_is_refused_and_named(
    tmp_path: Path, other: dict[str, object], field: str
) -> None:
    write_banner(tmp_path / "elsewhere.json", id="elsewhere")
    game = Game(tmp_path, banner_folder=tmp_path)
    player = game.new_player(10_000)
    player.pull(160, key="k")
    spent = other.pop("spent")
    answer = player.pull(spent, key="k", **other)
    assert answer.status_code == 422
    assert answer.json["type"] == "/problems/idempotency-key-reused"
    assert field in answer.json["detail"]
    assert player.balance() == 10_000 - 160
    game.close()


def test_the_same_key_may_name_a_purchase_and_a_pull(game: Game) -> None:
    player = game.new_player()
    assert player.buy(160, key="k").status_code == 200
    assert player.pull(160, key="k").status_code == 200
    assert player.balance() == 0


@pytest.mark.parametrize(
    ("spent", "count", "price"),
    [(159, 1, 160), (161, 1, 160), (1600, 1, 160), (160, 10, 1600), (1, 10, 1600)],
)
def test_a_wrong_price_is_refused_and_the_right_one_told(
    game: Game, spent: int, count: int, price: int
) -> None:
    player = game.new_player(10_000)
    answer = player.pull(spent, count=count, key="k")
    assert answer.status_code == 400
    assert answer.json["type"] == "/problems/wrong-price"
    assert answer.json["price"] == price
    assert player.balance() == 10_000
    # Nothing was kept under the key.
    assert player.pull(price, count=count, key="k").status_code == 200


def test_too_little_currency_tells_balance_and_price(game: Game) -> None:
    player = game.new_player(159)
    answer = player.pull(160, key="k")
    assert answer.status_code == 402
    assert (answer.json["balance"], answer.json["price"]) == (159, 160)
    assert player.balance() == 159
    assert player.history()["pulls"] == []


def test_a_refused_key_stays_refused_and_a_new_one_pulls(game: Game) -> None:
    player = game.new_player(100)
    first = player.pull(160, key="k")
    player.buy(100)
    again = player.pull(160, key="k")
    assert again.status_code == 402
    assert again.json["balance"] == first.json["balance"] == 100
    assert player.pull(160, key="k2").status_code == 200
    assert player.balance() == 40


def test_an_unknown_banner_names_the_known_ones(game: Game) -> None:
    player = game.new_player(1000)
    answer = player.pull(160, bannerId="sunset")
    assert answer.status_code == 404
    assert "starter" in answer.json["detail"]
    assert player.balance() == 1000


@pytest.mark.parametrize(
    ("times", "opens_at", "closes_at"),
    [
        ({"closes": "2020-01-01T00:00:00Z"}, None, "2020-01-01T00:00:00.000Z"),
        ({"opens": "2999-01-01T00:00:00Z"}, "2999-01-01T00:00:00.000Z", None),
    ],
)
def test_a_banner_that_is_not_open_says_when_it_is(
    tmp_path: Path,
    times: dict[str, str],
    opens_at: str | None,
    closes_at: str | None,
) -> None:
    write_banner(tmp_path / "timed.json", id="timed", **times)
    game = Game(tmp_path, banner_folder=tmp_path)
    player = game.new_player(1000)
    answer = player.pull(160, bannerId="timed")
    assert answer.status_code == 409
    assert answer.json["type"] == "/problems/banner-closed"
    assert answer.json["opensAt"] == opens_at
    assert answer.json["closesAt"] == closes_at
    assert player.balance() == 1000
    listed = {
        each["id"]: each for each in game.gacha.get("/gacha/banners").json["banners"]
    }
    assert listed["timed"]["open"] is False
    assert listed["starter"]["open"] is True
    game.close()


def test_a_banner_sold_singly_says_so_to_those_who_want_ten(tmp_path: Path) -> None:
    write_banner(tmp_path / "single.json", id="single", batches=[1])
    game = Game(tmp_path, banner_folder=tmp_path)
    player = game.new_player(10_000)
    answer = player.pull(1600, count=10, bannerId="single")
    assert answer.status_code == 400
    assert answer.json["errors"] == [
        {"in": "body", "name": "/count", "message": "must be 1 for single"}
    ]
    assert player.balance() == 10_000
    assert player.pull(160, bannerId="single").status_code == 200
    game.close()


def test_players_with_equal_histories_draw_differently(game: Game) -> None:
    """The draw is keyed by the player, so 60 items can't agree by chance (< 1e-9)."""
    one, other = game.new_player(9600), game.new_player(9600)
    for player in (one, other):
        for _ in range(6):
            player.pull(1600, count=10)
    drawn = [
        [pull["item"]["id"] for pull in player.history(limit=60)["pulls"]]
        for player in (one, other)
    ]
    assert drawn[0] != drawn[1]
