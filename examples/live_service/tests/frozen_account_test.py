"""The gacha service while the account service takes calls and answers none."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from game_in_process import CURRENCY, Game, Wire
from waiting import until

PLACES = 12


class Ice:
    """Holds the calls of a wire back until it melts."""

    def __init__(self) -> None:
        self.waiting = 0
        self.melted = threading.Event()
        self._lock = threading.Lock()

    def handle(self, wire: Wire, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.waiting += 1
        assert self.melted.wait(30)
        assert wire.to is not None
        return httpx.WSGITransport(wire.to).handle_request(request)


def test_pulls_that_wait_leave_threads_to_reads_and_lose_nothing(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    ice = Ice()
    players = [game.new_player(1000) for _ in range(PLACES + 1)]
    for player in players:
        player.history()
    monkeypatch.setattr(
        game.to_account,
        "handle_request",
        lambda request: ice.handle(game.to_account, request),
    )
    *waiting, late = players
    with ThreadPoolExecutor(PLACES) as threads:
        pulls = [threads.submit(player.pull, key="k") for player in waiting]
        until(
            lambda: ice.waiting == PLACES,
            within_s=30,
            what="twelve pulls wait for the account service",
        )
        refused = late.pull(key="late")
        assert ice.waiting == PLACES
        ice.melted.set()
        assert [pull.result().status_code for pull in pulls] == [200] * PLACES
    assert refused.status_code == 503
    assert refused.json["type"] == "/problems/pull-undecided"
    assert refused.json["idempotencyKey"] == "late"
    assert refused.headers["Idempotency-Key"] == "late"
    assert "too many pulls" in refused.json["detail"]
    # The places are free again, and the same pull is carried out once.
    assert late.pull(key="late").status_code == 200
    balance = game.account_service.wallet.balance(late.id, CURRENCY)
    assert balance.available == 840
