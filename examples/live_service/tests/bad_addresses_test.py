"""Addresses and methods that there are none of: as the gateway answers them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from game_in_process import Game

GATEWAY = Path(__file__).parents[1] / "gateway" / "src" / "problems.js"


def gateway_title(kind: str) -> str:
    found = re.search(
        rf'"{kind}": {{ status: \d+, title: "(.*)" }}', GATEWAY.read_text()
    )
    assert found
    return found[1]


def client_of(game: Game, service: str) -> Any:
    return game.account if service == "account" else game.gacha


@pytest.mark.parametrize("service", ["account", "gacha"])
@pytest.mark.parametrize("rest", ["", "/", "/nothing", "/../static/x"])
def test_an_unknown_address(shared_game: Game, service: str, rest: str) -> None:
    answer = client_of(shared_game, service).get(f"/{service}{rest}")
    assert answer.status_code == 404
    assert answer.json["type"] == "/problems/not-found"
    assert answer.json["title"] == gateway_title("not-found")


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "TRACE"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/account/login", {"POST"}),
        ("/account/currency", {"GET", "HEAD"}),
        ("/gacha/pull", {"POST"}),
        ("/gacha/history", {"GET", "HEAD"}),
    ],
)
def test_an_unknown_method(
    shared_game: Game, method: str, path: str, allowed: set[str]
) -> None:
    service = path.split("/")[1]
    answer = client_of(shared_game, service).open(path, method=method)
    assert answer.status_code == 405
    assert answer.json["type"] == "/problems/method-not-allowed"
    assert answer.json["title"] == gateway_title("method-not-allowed")
    assert set(re.split(r", *", answer.headers["Allow"])) == allowed


@pytest.mark.parametrize("service", ["account", "gacha"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_files_are_served(shared_game: Game, service: str, method: str) -> None:
    answer = client_of(shared_game, service).open("/static/x", method=method)
    assert answer.status_code == 404
