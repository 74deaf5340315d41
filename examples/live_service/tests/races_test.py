"""Many at once over HTTP, against two processes of each service."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from books import CURRENCY, check_books, wait_settled
from game_processes import Client, GameProcesses

pytestmark = pytest.mark.timeout(120)
THREADS = 64


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GameProcesses]:
    game = GameProcesses(tmp_path_factory.mktemp("races"), WEB_CONCURRENCY="2")
    try:
        game.start()
        yield game
    finally:
        game.kill()


def test_a_balance_for_ten_pays_ten_of_sixty_four_pulls(game: GameProcesses) -> None:
    client = Client(game, "ten")
    client.buy(1600, "b1")
    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(threads.map(lambda n: client.pull(f"k{n}"), range(THREADS)))
    assert Counter(answer.status_code for answer in answers) == {200: 10, 402: 54}
    balances = [a.json()["newCurrencyBalance"] for a in answers if a.status_code == 200]
    assert sorted(balances) == list(range(0, 1600, 160))
    assert client.balance() == 0
    wait_settled(game)
    check_books(game, [client])


def test_one_key_sixty_four_times_is_one_pull(game: GameProcesses) -> None:
    client = Client(game, "key")
    client.buy(16_000, "b1")
    with ThreadPoolExecutor(THREADS) as threads:
        answers = list(
            threads.map(lambda _: client.pull("k", count=10), range(THREADS))
        )
    assert len({answer.content for answer in answers}) == 1
    assert client.balance() == 14_400
    wait_settled(game)
    check_books(game, [client])


def test_one_purchase_sixty_four_times_while_the_provider_tells_of_it(
    game: GameProcesses,
) -> None:
    client = Client(game, "purchase")

    def act(number: int) -> bytes | None:
        if number % 2:
            client.tell("payment.succeeded", 500, "b1")
            return None
        return client.buy(500, "b1").content

    with ThreadPoolExecutor(THREADS) as threads:
        answers = set(threads.map(act, range(THREADS)))
    assert len(answers - {None}) == 1
    assert client.balance() == 500
    wait_settled(game)
    check_books(game, [client])


def test_purchases_race_their_refunds_and_nothing_is_left(game: GameProcesses) -> None:
    client = Client(game, "refund")

    def act(number: int) -> None:
        key = f"b{number // 2}"
        if number % 2:
            client.tell("payment.refunded", 100, key)
        else:
            client.buy(100, key)

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(act, range(THREADS)))
    assert client.balance() == 0
    wait_settled(game)
    check_books(game, [client])


class Holds:
    """The account service's holds, as the gacha service asks for them."""

    def __init__(self, game: GameProcesses, player: str) -> None:
        token = (game.folder / "token").read_text()
        self._player = player
        self._http = httpx.Client(
            base_url=game.url("/account").removesuffix("/account"),
            headers={"X-Service-Token": token},
            limits=httpx.Limits(max_connections=THREADS),
            timeout=20,
            trust_env=False,
        )

    def place(self, hold: str, amount: int) -> None:
        body = {
            "holdId": hold, "playerId": self._player, "currency": CURRENCY,
            "amount": amount, "sink": "spend:starter",
        }  # fmt: skip
        assert self._http.post("/internal/holds", json=body).status_code == 201

    def resolve(self, hold: str, how: str) -> int:
        body = {"playerId": self._player}
        return self._http.post(f"/internal/holds/{hold}/{how}", json=body).status_code

    def post_all(self, holds: Sequence[str]) -> list[Any]:
        posts = [{"holdId": hold, "playerId": self._player} for hold in holds]
        answer = self._http.post("/internal/holds/post", json={"posts": posts})
        assert answer.status_code == 200
        return [result["outcome"] for result in answer.json()["results"]]

    def close(self) -> None:
        self._http.close()


def test_of_a_post_and_a_void_that_meet_one_wins(game: GameProcesses) -> None:
    client = Client(game, "meet")
    client.buy(2000, "b1")
    holds = Holds(game, client.id)
    names = [f"pull:h{number}" for number in range(20)]
    for name in names:
        holds.place(name, 100)
    acts = [(name, how) for name in names for how in ("post", "void")]
    with ThreadPoolExecutor(THREADS) as threads:
        statuses = list(threads.map(lambda act: holds.resolve(*act), acts))
    posted = 0
    for post, void in zip(statuses[::2], statuses[1::2], strict=True):
        assert (post, void) in ((200, 409), (410, 200))
        posted += post == 200
    holds.close()
    assert client.balance() == 2000 - 100 * posted
    wait_settled(game)


def test_batches_in_any_order_post_each_hold_once(game: GameProcesses) -> None:
    client = Client(game, "batch")
    client.buy(5000, "b1")
    holds = Holds(game, client.id)
    names = [f"pull:h{number}" for number in range(50)]
    for name in names:
        holds.place(name, 100)
    orders = [random.Random(number).sample(names, 50) for number in range(16)]
    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(holds.post_all, orders))
    assert outcomes == [["posted"] * 50] * 16
    holds.close()
    assert client.balance() == 0
    wait_settled(game)
