"""What is never in a log line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from game_in_process import PASSWORD, PAYMENT_SECRET, SERVICE_TOKEN, Game
from shared_http.log_secrets import without_secrets

EMAIL = "aster.of.the.tests@example.org"
BORN = "1990-12-24"


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capfd.readouterr().err.splitlines()]


def test_no_secret_of_a_whole_session_is_logged(
    game: Game, capfd: pytest.CaptureFixture[str]
) -> None:
    credentials = {"username": "aster", "password": PASSWORD}
    registration = {**credentials, "email": EMAIL, "birthDate": BORN}
    game.account.post("/account/register", json=registration)
    game.account.post("/account/register", json=registration)
    first = game.account.post("/account/login", json=credentials).json
    game.account.post("/account/login", json={**credentials, "password": "hunter22"})
    body = {"refreshToken": first["refreshToken"]}
    second = game.account.post("/account/refresh", json=body).json
    third = game.account.post(
        "/account/refresh", json={"refreshToken": second["refreshToken"]}
    ).json
    # A spent one: the login is ended, and that is logged.
    assert game.account.post("/account/refresh", json=body).status_code == 401
    headers = {"Authorization": f"Bearer {third['token']}"}
    game.account.post(
        "/account/buy-currency",
        json={"amount": 1600, "paymentMethod": "card"},
        headers=headers,
    )
    game.gacha.post("/gacha/pull", json={"currencySpent": 160}, headers=headers)
    game.gacha.get("/gacha/history", headers=headers)
    game.to_account.cut = True
    game.gacha.post("/gacha/pull", json={"currencySpent": 160}, headers=headers)
    # What a careless client does.
    for secret in (first["token"], second["refreshToken"], EMAIL):
        game.account.get(f"/account/{secret}?token={secret}")

    told = lines(capfd)
    assert len([line for line in told if line["event"] == "request"]) >= 13
    assert any("came back" in line["event"] for line in told)
    said = json.dumps(told)
    secrets = [PASSWORD, "hunter22", EMAIL, BORN, SERVICE_TOKEN, PAYMENT_SECRET]
    for answer in (first, second, third):
        secrets += answer["token"].split(".")[1:]
        secrets.append(answer["refreshToken"].rpartition(".")[2])
    assert [secret for secret in secrets if secret in said] == []


def test_a_failed_statement_is_logged_without_what_it_would_have_written(
    game: Game, capfd: pytest.CaptureFixture[str]
) -> None:
    with game.account_service.users.engine.begin() as connection:
        connection.execute(text("ALTER TABLE users RENAME COLUMN email TO mail"))
    answer = game.account.post(
        "/account/register",
        json={"username": "aster", "password": PASSWORD, "email": EMAIL},
    )
    assert answer.status_code == 503
    (failure,) = [line for line in lines(capfd) if line["event"] == "storage failed"]
    assert "no column named email" in failure["error"]
    for secret in (EMAIL, "aster", "$argon2id$"):
        assert secret not in failure["error"]


@pytest.mark.parametrize(
    ("line", "cleaned"),
    [
        ({"path": "/a/eyJhbGciOiJ.eyJzdWIi.c2ln"}, {"path": "/a/[token]"}),
        (
            {"error": f"no {'u-1'}.{'0f' * 16}.{'x' * 43}!"},
            {"error": "no [refresh token]!"},
        ),
        ({"error": "of a.b@example.org, who"}, {"error": "of [e-mail], who"}),
        (
            {"error": "postgresql://game:sesame@db.local/game"},
            {"error": "postgresql://db.local/game"},
        ),
        ({"error": "redis://:sesame@h"}, {"error": "redis://h"}),
        (
            {"answer": {"password": "x", "n": 1}},
            {"answer": {"password": "[secret]", "n": 1}},
        ),
        ({"Authorization": "Basic eA=="}, {"Authorization": "[secret]"}),
        ({"ids": ["a@b.org", 2, None]}, {"ids": ["[e-mail]", 2, None]}),
        # What a log needs is kept.
        (
            {"event": "request", "path": "/account/login", "status": 200, "ok": True},
            {"event": "request", "path": "/account/login", "status": 200, "ok": True},
        ),
        ({"player": "u-0f0f", "age_ms": 1.5}, {"player": "u-0f0f", "age_ms": 1.5}),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(
    line: dict[str, Any], cleaned: dict[str, Any]
) -> None:
    assert without_secrets(None, "info", line) == cleaned
