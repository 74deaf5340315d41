"""Requests as tasks: bounded in number and in time."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import g

import fairpull
from shared_http.problems import Problem, install_problem_funnel
from shared_http.request_context import install_request_context
from shared_http.tasks import TaskFlask, TaskLimits, Tasks, seconds_left
from waiting import until

LIMITS = TaskLimits(workers=2, queued=1, seconds=0.3)


class Gate:
    """Views that stay inside until the gate is opened."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.inside = 0
        self.most = 0
        self._lock = threading.Lock()

    def pass_through(self) -> str:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.open.wait(10)
        with self._lock:
            self.inside -= 1
        return "through"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


def app_of(gate: Gate, limits: TaskLimits) -> TaskFlask:
    app = TaskFlask("test", limits=limits, at_once=frozenset({"/livez"}))
    install_request_context(app)
    install_problem_funnel(app)
    app.add_url_rule("/gate", view_func=gate.pass_through)
    app.add_url_rule("/livez", "livez", lambda: "ok")
    app.add_url_rule("/id", "id", lambda: g.request_id)
    app.add_url_rule("/left", "left", lambda: str(seconds_left(100)))

    def raising() -> str:
        raise TimeoutError("the view's own")

    app.add_url_rule("/raising", "raising", raising)
    return app


def test_a_view_sees_its_request_and_how_long_it_may_take(gate: Gate) -> None:
    client = app_of(gate, LIMITS).test_client()
    assert client.get("/id", headers={"X-Request-Id": "r-1"}).text == "r-1"
    assert 0 < float(client.get("/left").text) <= 0.3
    assert seconds_left(100) == 100


def test_past_its_time_a_request_is_answered_504(gate: Gate) -> None:
    app = app_of(gate, LIMITS)
    began = time.monotonic()
    answer = app.test_client().get("/gate")
    assert time.monotonic() - began < 2
    assert answer.status_code == 504
    assert answer.json is not None
    assert answer.json["type"] == "/problems/gateway-timeout"
    assert "0.3 seconds" in answer.json["detail"]
    # The worker is busy until the view returns.
    assert app.tasks.taken == 1
    gate.open.set()
    until(lambda: app.tasks.taken == 0, within_s=5, what="the worker free")
    assert app.test_client().get("/gate").text == "through"


def test_what_a_view_raises_is_its_own(gate: Gate) -> None:
    answer = app_of(gate, LIMITS).test_client().get("/raising")
    assert answer.status_code == 500


def test_no_more_run_than_there_are_workers_and_a_full_queue_says_so(
    gate: Gate,
) -> None:
    app = app_of(gate, TaskLimits(workers=2, queued=1, seconds=10))

    def get(path: str) -> Any:
        return app.test_client().get(path)

    with ThreadPoolExecutor(3) as clients:
        waiting = [clients.submit(get, "/gate") for _ in range(3)]
        until(lambda: app.tasks.taken == 3, within_s=5, what="all places taken")
        until(lambda: gate.inside == 2, within_s=5, what="both workers busy")
        refused = get("/gate")
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "1"
        assert refused.json["type"] == "/problems/service-unavailable"
        assert get("/livez").text == "ok"
        gate.open.set()
        assert [each.result().text for each in waiting] == ["through"] * 3
    assert gate.most == 2
    assert get("/gate").text == "through"


def test_who_waits_in_the_queue_past_the_time_is_never_begun(gate: Gate) -> None:
    tasks = Tasks(TaskLimits(workers=1, queued=1, seconds=0.2))
    begun: list[int] = []
    with ThreadPoolExecutor(2) as clients:
        first = clients.submit(tasks.run, gate.pass_through)
        until(lambda: gate.inside == 1, within_s=5, what="the worker busy")
        second = clients.submit(tasks.run, lambda: begun.append(1))
        for each in (first, second):
            with pytest.raises(Problem) as raised:
                each.result()
            assert raised.value.status == 504
        gate.open.set()
        until(lambda: tasks.taken == 0, within_s=5, what="the worker free")
    assert begun == []


def test_a_view_that_waits_for_a_store_is_stopped_there(tmp_path: Any) -> None:
    """Another process has the file: the view would wait for five seconds."""
    path = tmp_path / "game.db"
    with fairpull.open_store(f"sqlite:///{path}") as store:
        wallet = fairpull.Wallet(store)
        wallet.open_account("p", "crystal")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        tasks = Tasks(TaskLimits(workers=1, queued=0, seconds=0.2))

        def grant() -> None:
            wallet.grant(
                "g", player="p", currency="crystal", amount=5, source="promotion"
            )

        with pytest.raises(Problem) as raised:
            tasks.run(grant)
        assert raised.value.status == 504
        began = time.monotonic()
        until(lambda: tasks.taken == 0, within_s=5, what="the worker free")
        assert time.monotonic() - began < 2
        other.execute("ROLLBACK")
        assert wallet.balance("p", "crystal").posted == 0
        other.close()
