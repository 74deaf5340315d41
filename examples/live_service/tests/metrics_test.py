"""What the services count, and that they count it once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from game_in_process import Game, Player
from game_processes import Client, GameProcesses
from payment_calls import TroubledProvider, order_of, tell
from shared_http.clock import now_ms
from waiting import until

ALARM_AFTER_MS = 600_000


class Shown:
    """One look at `/metrics`."""

    def __init__(self, exposition: str) -> None:
        self._samples = [
            sample
            for family in text_string_to_metric_families(exposition)
            for sample in family.samples
        ]

    def __call__(self, name: str, **labels: str) -> float:
        """The sum of the samples that have these labels."""
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def has(self, name: str) -> bool:
        return any(sample.name == name for sample in self._samples)


def look(client: Any) -> Shown:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    return Shown(answer.text)


def test_requests_are_counted_by_route_and_status(game: Game) -> None:
    player = game.new_player()
    player.balance()
    game.account.get("/account/currency")
    game.account.get("/account/nowhere/at-all")
    game.account.open("/account/login", method="BREW")
    shown = look(game.account)
    route = {"method": "GET", "route": "/account/currency"}
    assert shown("http_requests_total", **route, status="200") == 1
    assert shown("http_requests_total", **route, status="401") == 1
    assert shown("http_request_duration_seconds_count", **route) == 2
    assert 0 < shown("http_request_duration_seconds_sum", **route) < 10
    assert shown("http_requests_total", route="unmatched", status="404") == 1
    assert shown("http_requests_total", method="other", status="405") == 1
    # Ids in a path are not routes of their own.
    game.internal("/internal/holds/h1/void", {"playerId": player.id})
    game.internal("/internal/holds/h2/void", {"playerId": player.id})
    shown = look(game.account)
    assert shown("http_requests_total", route="/internal/holds/<hold_id>/void") == 2


def test_a_pull_is_counted_once_however_often_it_is_told(game: Game) -> None:
    player = game.new_player(3200)
    for _ in range(3):
        assert player.pull(key="k").status_code == 200
    shown = look(game.gacha)
    assert shown("gacha_pulls_total", banner="starter") == 1
    assert shown("gacha_currency_spent_total", banner="starter") == 160
    assert shown("gacha_hold_answers_total", answer="hold_placed") == 3
    ten = player.pull(1600, key="k10", count=10)
    player.pull(1600, key="k10", count=10)
    shown = look(game.gacha)
    assert shown("gacha_pulls_total", banner="starter") == 11
    assert shown("gacha_currency_spent_total") == 1760
    everything = [item["rarity"] for item in ten.json["items"]]
    everything.append(player.history()["pulls"][-1]["item"]["rarity"])
    for rarity in ("rare", "super rare", "ultra rare"):
        counted = shown("gacha_pulls_total", rarity=rarity.replace(" ", "_"))
        assert counted == everything.count(rarity)


def test_a_pull_that_the_recovery_draws_is_counted_once_too(game: Game) -> None:
    player = game.new_player(160)
    player.history()  # so that gacha has the keys
    game.to_account.cut = True
    assert player.pull(key="k").status_code == 503
    shown = look(game.gacha)
    assert shown("gacha_pulls_total") == 0
    assert shown("gacha_pulls_unsettled") == 1
    game.to_account.cut = False
    progress = game.gacha_service.progress
    progress.recover(at_ms=now_ms() + 60_000)
    progress.confirm()
    assert player.pull(key="k").status_code == 200
    progress.confirm()
    shown = look(game.gacha)
    assert shown("gacha_pulls_total") == 1
    assert shown("gacha_pulls_unsettled") == 0


def test_of_many_who_draw_one_pull_at_once_one_counts_it(game: Game) -> None:
    """As two processes may, of which one recovers what the other is asked for."""
    player = game.new_player(16_000)
    progress = game.gacha_service.progress
    for turn in range(10):
        step = game.gacha_service.desk.begin(
            f"pull:{turn}", player=player.id, banner="starter", count=10
        )
        hold = progress.ask_for_hold(step.operation)
        assert hold is not None
        barrier = Barrier(8)

        def draw(
            _: int, operation: Any = step.operation, barrier: Barrier = barrier
        ) -> Any:
            barrier.wait(30)
            return progress.advance(operation, "hold_placed")

        with ThreadPoolExecutor(8) as threads:
            steps = list(threads.map(draw, range(8)))
        assert len({tuple(row.item for row in step.pulls) for step in steps}) == 1
        assert look(game.gacha)("gacha_pulls_total") == 10 * (turn + 1)


def test_purchases_are_counted_by_state_and_currency_once(
    game: Game, provider: TroubledProvider
) -> None:
    player = game.new_player()
    for _ in range(3):
        player.buy(100, key="a")
    player.buy(50, key="b")
    shown = look(game.account)
    for state in ("intent", "validated", "granted"):
        assert shown("account_purchases_total", state=state) == 2
    assert shown("account_currency_issued_total") == 150
    assert shown("account_currency_taken_back_total") == 0
    for kind in ("payment.refunded", "payment.charged_back", "payment.refunded"):
        tell(game, provider, order_of(player, "a", 100), kind)  # type: ignore[arg-type]
    shown = look(game.account)
    for state in ("refunding", "refunded"):
        assert shown("account_purchases_total", state=state) == 1
    assert shown("account_currency_issued_total") == 150
    assert shown("account_currency_taken_back_total") == 100


def hold(game: Game, player: Player, hold_id: str) -> None:
    answer = game.internal(
        "/internal/holds",
        {
            "holdId": hold_id,
            "playerId": player.id,
            "currency": "crystal",
            "amount": 10,
            "sink": "spend:starter",
        },
    )
    assert answer.status_code == 201


def test_open_holds_show_their_number_their_age_and_when_to_be_alarmed(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = game.new_player(100)
    shown = look(game.account)
    assert shown.has("account_holds_open")
    assert shown("account_oldest_hold_age_seconds") == 0
    hold(game, player, "h1")
    hold(game, player, "h2")
    placed_ms = now_ms()

    def at(after_ms: int) -> Shown:
        monkeypatch.setattr("account.metrics.now_ms", lambda: placed_ms + after_ms)
        return look(game.account)

    shown = at(ALARM_AFTER_MS - 60_000)
    assert shown("account_holds_open") == 2
    assert 540 <= shown("account_oldest_hold_age_seconds") < 600
    assert shown("account_holds_alarming") == 0
    assert at(ALARM_AFTER_MS)("account_holds_alarming") == 2
    game.internal("/internal/holds/h1/void", {"playerId": player.id})
    assert at(ALARM_AFTER_MS)("account_holds_alarming") == 1
    game.internal("/internal/holds/h2/post", {"playerId": player.id})
    shown = at(ALARM_AFTER_MS)
    assert shown("account_holds_open") == 0
    assert shown("account_oldest_hold_age_seconds") == 0


def test_a_pull_without_a_verdict_shows_its_age_until_it_is_drawn(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = game.new_player(160)
    player.history()  # so that gacha has the keys
    game.to_account.cut = True
    player.pull(key="k")
    asked_ms = now_ms()
    monkeypatch.setattr("gacha.metrics.now_ms", lambda: asked_ms + 20_000)
    age_s = look(game.gacha)("gacha_oldest_undecided_pull_age_seconds")
    assert 20 <= age_s < 40
    game.to_account.cut = False
    assert player.pull(key="k").status_code == 200
    shown = look(game.gacha)
    assert shown("gacha_oldest_undecided_pull_age_seconds") == 0
    # Drawn, and its hold is still to be posted.
    assert shown("gacha_pulls_unsettled") == 1
    assert shown("gacha_confirmations_waiting") == 1
    game.gacha_service.progress.confirm()
    shown = look(game.gacha)
    assert shown("gacha_pulls_unsettled") == 0
    assert shown("gacha_confirmations_waiting") == 0


def test_refusals_by_rate_limits_are_counted(tmp_path: Path) -> None:
    game = Game(tmp_path, LOGIN_RATE_PER_USER="1/hour", PULL_RATE_PER_PLAYER="1/hour")
    player = game.new_player(1000)
    for _ in range(3):
        player.pull()
    body = {"username": "nobody", "password": "x"}
    for _ in range(5):
        game.account.post("/account/login", json=body)
    account, gacha = look(game.account), look(game.gacha)
    assert account("rate_limit_refusals_total", limit="login_per_user") == 4
    assert gacha("rate_limit_refusals_total", limit="pull_per_player") == 2
    game.close()


def test_only_who_asks_is_in_progress_when_nobody_else_is(game: Game) -> None:
    player = game.new_player()
    player.balance()
    game.account.get("/account/currency")
    game.account.get("/nowhere")
    assert look(game.account)("http_requests_in_progress") == 1
    assert look(game.account)("http_requests_in_progress") == 1


def test_failures_of_a_store_are_counted(game: Game) -> None:
    with game.account_service.users.engine.begin() as connection:
        connection.execute(text("DROP TABLE users"))
    body = {"username": "nobody", "password": "x"}
    assert look(game.account)("store_errors_total") == 0
    assert game.account.post("/account/login", json=body).status_code == 503
    assert look(game.account)("store_errors_total") == 1


def test_without_its_store_a_service_still_shows_what_it_counted(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    game.new_player(100)
    assert look(game.account)("store_up") == 1

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the store is away")

    monkeypatch.setattr(type(game.account_service.wallet), "pending_holds", fail)
    shown = look(game.account)
    assert shown("store_up") == 0
    assert not shown.has("account_holds_open")
    assert shown("account_currency_issued_total") == 100


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[GameProcesses]:
    game = GameProcesses(tmp_path, with_gateway=True, WEB_CONCURRENCY="2")
    try:
        game.start()
        yield game
    finally:
        game.kill()


def fetch(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=10)


@pytest.mark.timeout(90)
def test_all_processes_are_counted_together_and_only_inside(
    processes: GameProcesses,
) -> None:
    inside = processes.account.url
    client = Client(processes, "aster")
    client.buy(16_000, "b")
    for number in range(20):
        client.pull(f"k{number}")
    for _ in range(20):
        # A new connection each, so that both processes answer.
        headers = {"Authorization": f"Bearer {client.token}"}
        url = f"{inside}/account/currency"
        httpx.get(url, headers=headers, trust_env=False, timeout=10)

    def shown() -> Shown:
        return Shown(fetch(f"{inside}/metrics").text)

    balance = {"route": "/account/currency", "status": "200"}
    for _ in range(5):
        assert shown()("http_requests_total", **balance) == 20
        assert shown()("account_currency_issued_total") == 16_000
    pulls = Shown(fetch(f"{processes.gacha.url}/metrics").text)
    assert pulls("gacha_pulls_total") == 20

    # What one that was killed has counted is not forgotten.
    assert processes.account.kill_worker()
    until(
        lambda: fetch(f"{inside}/livez").status_code == 200,
        within_s=30,
        what="the account service answering",
    )
    for _ in range(5):
        assert shown()("http_requests_total", **balance) == 20

    assert processes.gateway is not None
    outside = processes.gateway.url
    for path in ("/metrics", "/account/metrics", "/gacha/metrics", "//account/metrics"):
        answer = fetch(outside + path)
        assert "account_purchases" not in answer.text
        assert "gacha_pulls" not in answer.text
    assert fetch(f"{outside}/account/metrics").status_code == 404


def test_what_is_counted_together_is_removed_in_the_end(tmp_path: Path) -> None:
    """The folder that gunicorn.conf.py makes, in a folder for temporary ones."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    game = GameProcesses(tmp_path, WEB_CONCURRENCY="2", TMPDIR=str(temporary))
    try:
        game.start()
        made = list(temporary.glob("fairpull-metrics-*"))
        assert len(made) == 2
        assert all(any(folder.iterdir()) for folder in made)
        assert game.stop() == [0, 0]
    finally:
        game.kill()
    assert list(temporary.glob("fairpull-metrics-*")) == []
