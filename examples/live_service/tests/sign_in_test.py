"""Registering and logging in."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest

from account.passwords import Passwords, hashes_at_once
from game_in_process import PASSWORD, Game
from waiting import until


def register(game: Game, **changes: Any) -> Any:
    body = {"username": "Aster", "password": PASSWORD, "email": "a@example.org"}
    return game.account.post("/account/register", json={**body, **changes})


def log_in(game: Game, username: str, password: str) -> Any:
    return game.account.post(
        "/account/login", json={"username": username, "password": password}
    )


def test_a_player_registers_logs_in_and_owns_nothing(game: Game) -> None:
    registered = register(game)
    assert registered.status_code == 201
    assert registered.json["message"] == "User registered successfully"

    logged_in = log_in(game, "Aster", PASSWORD)
    assert logged_in.status_code == 200
    token = logged_in.json["token"]

    balance = game.account.get(
        "/account/currency", headers={"Authorization": f"Bearer {token}"}
    )
    assert balance.json == {
        "userId": registered.json["userId"],
        "currencyBalance": 0,
    }


def test_the_token_lasts_fifteen_minutes_and_checks_against_the_jwks(
    game: Game,
) -> None:
    user_id = register(game).json["userId"]
    token = log_in(game, "Aster", PASSWORD).json["token"]
    keys = game.account.get("/account/.well-known/jwks.json").json
    header = jwt.get_unverified_header(token)

    (jwk,) = [key for key in keys["keys"] if key["kid"] == header["kid"]]
    claims = jwt.decode(
        token,
        jwt.PyJWK(jwk).key,
        algorithms=["EdDSA"],
        audience="fairpull-game",
        issuer="fairpull-account",
    )
    assert header["alg"] == "EdDSA"
    assert claims["sub"] == user_id
    assert claims["exp"] - claims["iat"] == 900
    assert abs(claims["iat"] - time.time()) < 60


@pytest.mark.parametrize("name", ["Aster", "aster", "ASTER"])
def test_a_name_is_taken_whatever_its_case(game: Game, name: str) -> None:
    first = register(game)
    second = register(game, username=name, password="another password")
    assert second.status_code == 409
    assert second.json["type"] == "/problems/username-taken"
    # The first registration stands.
    assert first.status_code == 201
    assert log_in(game, name, PASSWORD).status_code == 200
    assert log_in(game, name, "another password").status_code == 401


def test_a_taken_name_leaves_no_empty_account_behind(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(game)
    wallet = game.account_service.wallet
    opened: list[str] = []
    monkeypatch.setattr(
        type(wallet), "open_account", lambda _, player, __: opened.append(player)
    )
    assert register(game).status_code == 409
    assert opened == []


def test_of_many_who_want_one_name_at_once_one_gets_it(game: Game) -> None:
    names = ["aster", "Aster", "ASTER", "asteR"]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda name: register(game, username=name), names))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201, 409, 409, 409]
    winner = next(answer for answer in answers if answer.status_code == 201)
    known = game.account_service.users.find("aster")
    assert known is not None
    assert known.user_id == winner.json["userId"]


def test_a_name_that_only_turns_into_another_in_lower_case_is_not_that(
    game: Game,
) -> None:
    assert register(game, username="Kim").status_code == 201
    assert log_in(game, "kim", PASSWORD).status_code == 200
    kelvin = log_in(game, "\u212aim", PASSWORD)
    assert kelvin.status_code == 401
    assert kelvin.json["type"] == "/problems/wrong-credentials"


def test_wrong_password_and_unknown_user_get_the_same_answer(game: Game) -> None:
    register(game)
    wrong, unknown = (
        log_in(game, "Aster", "not the password"),
        log_in(game, "Nobody", "not the password"),
    )
    for answer in (wrong, unknown):
        assert answer.status_code == 401
        assert answer.json["type"] == "/problems/wrong-credentials"
        answer.json.pop("requestId")
    assert {**wrong.json, "requestId": ""} == {**unknown.json, "requestId": ""}


def test_an_unknown_user_costs_one_hash_like_a_known_one(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(game)
    verified: list[str] = []

    class Counting:
        def __init__(self, hasher: Any) -> None:
            self._hasher = hasher

        def verify(self, password_hash: str, password: bytes) -> bool:
            verified.append(password_hash)
            return bool(self._hasher.verify(password_hash, password))

    passwords = game.account_service.passwords
    monkeypatch.setattr(passwords, "_hasher", Counting(passwords._hasher))
    log_in(game, "Aster", "not the password")
    log_in(game, "Nobody", "not the password")
    assert len(verified) == 2
    assert len(set(verified)) == 2
    # Same parameters, so the same work.
    assert verified[0].split("$")[:4] == verified[1].split("$")[:4]


class Stalled:
    """A hasher that is busy until the test lets it go on."""

    def __init__(self) -> None:
        self.at_work = threading.Semaphore(0)
        self.go_on = threading.Event()

    def verify(self, _hash: str, _password: bytes) -> bool:
        self.at_work.release()
        assert self.go_on.wait(30)
        return True


def test_a_crowd_at_the_door_leaves_threads_to_those_inside(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("account.passwords._PATIENCE_S", 30)
    passwords, stalled = game.account_service.passwords, Stalled()
    monkeypatch.setattr(passwords, "_hasher", stalled)
    door = passwords._door
    with ThreadPoolExecutor(8) as threads:
        crowd = [threads.submit(log_in, game, f"nobody{n}", "x") for n in range(8)]
        until(lambda: door._value == 0, within_s=30, what="eight wait at the door")
        refused = log_in(game, "nobody", "x")
        assert not any(login.done() for login in crowd)
        stalled.go_on.set()
    assert refused.status_code == 503
    assert refused.json["type"] == "/problems/service-unavailable"
    assert int(refused.headers["Retry-After"]) >= 1
    assert {login.result().status_code for login in crowd} == {401}
    assert log_in(game, "nobody", "x").status_code == 401


def test_who_gets_no_turn_is_told_so_and_takes_none_from_others(
    game: Game, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("account.passwords._PATIENCE_S", 0.01)
    passwords, stalled = game.account_service.passwords, Stalled()
    monkeypatch.setattr(passwords, "_turns", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "_hasher", stalled)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(log_in, game, "nobody", "x")
        assert stalled.at_work.acquire(timeout=30)
        for _ in range(20):
            assert log_in(game, "nobody", "x").status_code == 503
        stalled.go_on.set()
        assert first.result().status_code == 401
    assert log_in(game, "nobody", "x").status_code == 401


class Gauge:
    """A hasher that works on three at once, and knows how many are at work."""

    def __init__(self) -> None:
        self._three = threading.Barrier(3)
        self._lock = threading.Lock()
        self._at_work = 0
        self.most = 0

    def verify(self, _hash: str, _password: bytes) -> bool:
        with self._lock:
            self._at_work += 1
            self.most = max(self.most, self._at_work)
        self._three.wait(30)
        with self._lock:
            self._at_work -= 1
        return True


def test_no_more_hash_at_once_than_there_are_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("account.passwords._PATIENCE_S", 30)
    passwords, gauge = Passwords(3), Gauge()
    monkeypatch.setattr(passwords, "_hasher", gauge)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: passwords.check(None, "x"), range(39)))
    assert gauge.most == 3


def test_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    assert [hashes_at_once(n) for n in (1, 2, 3, 8, 9)] == [8, 4, 2, 1, 1]


def test_passwords_are_kept_as_argon2id_hashes_of_the_stated_strength(
    game: Game,
) -> None:
    register(game)
    known = game.account_service.users.find("aster")
    assert known is not None
    assert known.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_an_accent_may_be_typed_either_way(game: Game) -> None:
    register(game, password="caf\u00e9 au lait")
    assert log_in(game, "Aster", "cafe\u0301 au lait").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "ab"),
        ("username", "a" * 33),
        ("username", "white space"),
        ("username", "ünïcode"),
        ("username", "a/../b"),
        ("username", "newline\n"),
        ("username", 7),
        ("username", None),
        ("password", "1234567"),
        ("password", "x" * 129),
        ("password", ["correct horse battery"]),
        ("password", "half a pair \ud800"),
        ("email", "no at sign"),
        ("email", "a@b"),
        ("email", "two@at@example.org"),
        ("email", f"{'a' * 250}@e.org"),
        ("email", "a\x00b@example.org"),
        ("email", "a\x7f@example.org"),
        ("email", "gro.elpmaxe@\u202eb.org"),
        ("email", "a\u2066b@example.org"),
        ("email", "a@exam\u200bple.org"),
        ("email", "a@example.o\u200frg"),
        ("email", False),
    ],
)
def test_a_registration_names_the_field_that_is_wrong(
    shared_game: Game, field: str, value: Any
) -> None:
    answer = register(shared_game, **{field: value})
    assert answer.status_code == 400
    assert [error["name"] for error in answer.json["errors"]] == [f"/{field}"]
    assert "must be" in answer.json["errors"][0]["message"]


def test_a_refused_password_is_not_repeated_in_the_answer(game: Game) -> None:
    answer = register(game, password="hunter2")
    assert answer.status_code == 400
    assert b"hunter2" not in answer.data


@pytest.mark.parametrize(("shortest", "longest"), [("abc", "a" * 32)])
def test_names_and_passwords_at_their_limits_are_taken(
    game: Game, shortest: str, longest: str
) -> None:
    assert register(game, username=shortest, password="x" * 8).status_code == 201
    assert register(game, username=longest, password="x" * 128).status_code == 201


def test_no_password_opens_an_account_that_does_not_exist() -> None:
    passwords = Passwords()
    assert not passwords.check(None, "nobody has this password")
    assert passwords.check(passwords.hash(PASSWORD), PASSWORD)
