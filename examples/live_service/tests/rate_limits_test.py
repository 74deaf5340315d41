"""Who comes too often is told how long to wait, with Redis, without it, and past it."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import limits
import pytest
from flask import Flask

from game_in_process import PASSWORD, Game, Player
from game_processes import GameProcesses
from redis_of_tests import LocalRedis
from shared_http.client_address import client_network
from shared_http.problems import Problem
from shared_http.rate_limits import RateLimit, RateLimiter
from shared_http.settings import Environment, SettingError
from waiting import until

THREE = RateLimit("three", "trials", limits.parse("3/hour"))


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Game]:
    game = Game(
        tmp_path,
        LOGIN_RATE_PER_USER="3/hour",
        LOGIN_RATE_PER_ADDRESS="6/hour",
        REGISTER_RATE_PER_ADDRESS="2/hour",
        PURCHASE_RATE_PER_PLAYER="4/hour",
        PULL_RATE_PER_PLAYER="5/hour",
    )
    yield game
    game.close()


def log_in(game: Game, name: str, *, address: str = "", password: str = "x") -> Any:
    headers = {"X-Forwarded-For": address} if address else {}
    return game.account.post(
        "/account/login", json={"username": name, "password": password}, headers=headers
    )


def register(game: Game, name: str, *, address: str = "") -> Any:
    headers = {"X-Forwarded-For": address} if address else {}
    body = {"username": name, "password": PASSWORD, "email": "a@e.org"}
    return game.account.post("/account/register", json=body, headers=headers)


def assert_refused(answer: Any, most: int) -> None:
    assert answer.status_code == 429
    assert answer.json["type"] == "/problems/too-many-requests"
    wait = int(answer.headers["Retry-After"])
    assert 3500 < wait <= 3600
    assert answer.json["detail"].endswith(f"in 3600 s; wait {wait} s")
    assert {
        name: answer.headers[f"RateLimit-{name}"]
        for name in ("Limit", "Remaining", "Reset", "Policy")
    } == {
        "Limit": str(most),
        "Remaining": "0",
        "Reset": str(wait),
        "Policy": f"{most};w=3600",
    }


@pytest.mark.parametrize("name", ["aster", "nobody"])
def test_a_name_is_tried_three_times_be_it_anybody_s(limited: Game, name: str) -> None:
    register(limited, "aster")
    for number, spelled in enumerate([name, name.upper(), name.title()]):
        answer = log_in(limited, spelled, address=f"203.0.113.{number}")
        assert answer.status_code == 401
    assert_refused(log_in(limited, name, address="203.0.113.9"), 3)
    # Also with the right password; another name is not concerned.
    answer = log_in(limited, name, address="203.0.113.9", password=PASSWORD)
    assert answer.status_code == 429
    assert log_in(limited, "another", address="203.0.113.9").status_code == 401


def test_an_address_tries_six_names(limited: Game) -> None:
    for number in range(6):
        answer = log_in(limited, f"name{number}", address="203.0.113.7")
        assert answer.status_code == 401
    assert_refused(log_in(limited, "name7", address="203.0.113.7"), 6)
    assert log_in(limited, "name7", address="203.0.113.8").status_code == 401


def test_an_address_asks_for_two_names_be_they_taken(limited: Game) -> None:
    assert register(limited, "aster", address="203.0.113.7").status_code == 201
    assert register(limited, "aster", address="203.0.113.7").status_code == 409
    assert_refused(register(limited, "bryony", address="203.0.113.7"), 2)
    assert limited.account_service.users.find("bryony") is None
    assert register(limited, "bryony", address="203.0.113.8").status_code == 201


def new_player(game: Game, name: str, address: str) -> Player:
    registered = register(game, name, address=address).json
    logged_in = log_in(game, name, address=address, password=PASSWORD).json
    return Player(game, registered["userId"], logged_in["token"])


def test_a_player_buys_and_pulls_so_often_and_others_go_on(limited: Game) -> None:
    first = new_player(limited, "aster", "203.0.113.1")
    second = new_player(limited, "bryony", "203.0.113.2")
    for number in range(4):
        assert first.buy(1000, key=f"b{number}").status_code == 200
    refused = first.buy(1000, key="b4")
    assert_refused(refused, 4)
    assert refused.headers["Idempotency-Key"] == "b4"
    for number in range(5):
        assert first.pull(key=f"k{number}").status_code == 200
    assert_refused(first.pull(key="k5"), 5)
    assert first.balance() == 4000 - 5 * 160
    assert len(first.history()["pulls"]) == 5

    assert second.buy(1000).status_code == 200
    assert second.pull().status_code == 200


def refuses(limiter: RateLimiter, limit: RateLimit, who: str = "aster") -> bool:
    try:
        limiter.check(limit, who)
    except Problem as problem:
        assert problem.status == 429
        return True
    return False


def test_the_wait_is_as_long_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    limiter = RateLimiter()
    assert [refuses(limiter, THREE) for _ in range(4)] == [False] * 3 + [True]
    now += 3599
    with pytest.raises(Problem) as refused:
        limiter.check(THREE, "aster")
    assert refused.value.headers["Retry-After"] == "1"
    now += 1.001
    assert not refuses(limiter, THREE)


def test_refusals_are_told_and_do_not_count_as_trials() -> None:
    told: list[str] = []
    limiter = RateLimiter(on_refusal=told.append)
    for _ in range(10):
        refuses(limiter, THREE)
    assert told == ["three"] * 7


def test_without_a_limit_nobody_is_refused() -> None:
    limiter = RateLimiter()
    off = THREE.set_by(Environment({"R": "off"}), "R", default="1/hour")
    assert not any(refuses(limiter, off) for _ in range(100))


@pytest.mark.parametrize(
    ("text", "amount", "seconds"),
    [("10/minute", 10, 60), ("1 per 2 hours", 1, 7200), ("5/second", 5, 1)],
)
def test_a_limit_is_set_by_a_variable(text: str, amount: int, seconds: int) -> None:
    item = THREE.set_by(Environment({"R": text}), "R", default="off").item
    assert item is not None
    assert (item.amount, item.get_expiry()) == (amount, seconds)


@pytest.mark.parametrize(
    "text",
    ["ten", "10", "0/minute", "-1/minute", "1/hour;2/day", "10/"],
)
def test_a_limit_that_can_t_be_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="R must be like '10/minute'"):
        THREE.set_by(Environment({"R": text}), "R", default="off")


@pytest.mark.parametrize(
    ("peer", "told", "network"),
    [
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.5", "::ffff:203.0.113.7", "203.0.113.7"),
        # What is before the last comma was told to the gateway, not by it.
        ("127.0.0.1", "1.2.3.4, 203.0.113.7", "203.0.113.7"),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        # A caller who is not of the game's own network is believed nothing.
        ("8.8.8.8", "203.0.113.7", "8.8.8.8"),
        ("2001:4860:4860::8888", "203.0.113.7", "2001:4860:4860::/64"),
        # Of a socket file there is no address.
        ("", "203.0.113.7", "203.0.113.7"),
        ("", None, "unknown"),
    ],
)
def test_the_client_is_whom_the_gateway_names(
    peer: str, told: str | None, network: str
) -> None:
    headers = {} if told is None else {"X-Forwarded-For": told}
    environ = {"REMOTE_ADDR": peer}
    app = Flask("test")
    with app.test_request_context(headers=headers, environ_overrides=environ):
        assert client_network() == network


@pytest.mark.timeout(90)
def test_through_the_gateway_nobody_changes_the_address_by_a_header(
    tmp_path: Path,
) -> None:
    game = GameProcesses(
        tmp_path, with_gateway=True, REGISTER_RATE_PER_ADDRESS="3/hour"
    )
    try:
        game.start()
        statuses = [
            register_from(game, f"name{number}", f"203.0.113.{number}")
            for number in range(4)
        ]
    finally:
        game.kill()
    assert statuses == [201, 201, 201, 429]


def register_from(game: GameProcesses, name: str, address: str) -> int:
    body = {"username": name, "password": PASSWORD, "email": "a@e.org"}
    headers = {"X-Forwarded-For": address, "X_Forwarded_For": address}
    url = game.url("/account/register")
    answer = httpx.post(url, json=body, headers=headers, timeout=15, trust_env=False)
    return answer.status_code


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[LocalRedis]:
    server = LocalRedis(tmp_path)
    server.start()
    yield server
    server.stop()


def counting_in(redis: LocalRedis) -> RateLimiter:
    limiter = RateLimiter(redis.url)
    counts_there(limiter)
    return limiter


def counts_there(limiter: RateLimiter) -> None:
    assert limiter._redis is not None
    until(limiter._redis.usable, within_s=30, what="counted in Redis")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a Redis that a busy machine makes slow."""
    monkeypatch.setattr("shared_http.rate_limits._REDIS_LIMIT_S", 5.0)


@pytest.mark.usefixtures("patient")
def test_processes_count_together_in_redis(redis: LocalRedis) -> None:
    first, second = counting_in(redis), counting_in(redis)
    answers = [refuses(each, THREE) for each in (first, second, first, second, first)]
    assert answers == [False, False, False, True, True]
    assert not refuses(second, THREE, "bryony")
    with pytest.raises(Problem) as refused:
        second.check(THREE, "aster")
    assert 3500 < int(refused.value.headers["Retry-After"]) <= 3600
    first.close()
    second.close()


@pytest.mark.usefixtures("patient")
def test_no_name_and_no_address_is_in_redis(redis: LocalRedis) -> None:
    limiter = counting_in(redis)
    limiter.check(THREE, "aster-of-the-tests")
    there = limiter._redis
    assert there is not None
    counts: Any = there.usable()
    keys = counts.storage.storage.keys("*")
    assert len(keys) == 1
    assert b"aster" not in keys[0]
    limiter.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_hung_redis_fails_no_request_and_comes_back(
    redis: LocalRedis, how: signal.Signals, capfd: pytest.CaptureFixture[str]
) -> None:
    limiter = counting_in(redis)
    assert not refuses(limiter, THREE)
    redis.signal(how)
    began = time.monotonic()
    # It begins anew, in this process.
    assert [refuses(limiter, THREE) for _ in range(5)] == [False] * 3 + [True] * 2
    first_s = time.monotonic() - began
    began = time.monotonic()
    for _ in range(100):
        refuses(limiter, THREE)
    # One time limit at the first; then nothing is asked there. A busy machine has
    # a hundred times the time that is needed.
    assert first_s < 2.5
    assert time.monotonic() - began < 2.5
    if how is signal.SIGSTOP:
        redis.signal(signal.SIGCONT)
    else:
        redis.stop()
        redis.start()
    counts_there(limiter)
    assert not refuses(limiter, THREE, "bryony")
    limiter.close()
    said = "".join(capfd.readouterr())
    assert "sesame" not in said


def test_without_redis_at_the_start_the_game_is_played(tmp_path: Path) -> None:
    nowhere = "redis://:sesame@127.0.0.1:1"
    game = Game(tmp_path, REDIS_URL=nowhere, LOGIN_RATE_PER_USER="3/hour")
    player = game.new_player(1000)
    assert player.pull().status_code == 200
    assert [log_in(game, "aster").status_code for _ in range(4)] == [401] * 3 + [429]
    game.close()
