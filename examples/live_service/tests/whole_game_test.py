"""The whole game through its gateway: a first session, and all that is refused."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from bad_requests import BAD_AMOUNTS, ENDPOINTS, NOT_JSON, spell
from banner_files import write_banner
from books import check_books, wait_settled
from forged_tokens import FORGERIES, Forge
from game_processes import Client, GameProcesses

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GameProcesses]:
    folder: Path = tmp_path_factory.mktemp("game")
    banners = folder / "banners"
    banners.mkdir()
    write_banner(banners / "past.json", id="past", closes="2020-01-01T00:00:00Z")
    write_banner(banners / "future.json", id="future", opens="2999-01-01T00:00:00Z")
    game = GameProcesses(folder, with_gateway=True, banner_folder=banners)
    try:
        game.start()
        yield game
    finally:
        game.kill()


@pytest.fixture(scope="module")
def victim(game: GameProcesses) -> Client:
    """A player with 1000, whom no refused request may change."""
    client = Client(game, "victim")
    client.buy(1000, "b1")
    return client


@pytest.fixture(autouse=True)
def nothing_changes(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test that uses it, the victim is as before."""
    yield
    if "victim" in request.fixturenames:
        victim: Client = request.getfixturevalue("victim")
        assert victim.balance() == 1000
        assert victim.send("GET", "/gacha/history").json()["pulls"] == []


def test_a_first_session(game: GameProcesses) -> None:
    client = Client(game, "aster")
    assert client.buy(16_000, "b1").json()["newBalance"] == 16_000
    odds = client.send("GET", "/gacha/rarity-chances").json()
    assert odds["chances"] == {"rare": 94.3, "super_rare": 5.1, "ultra_rare": 0.6}
    one = client.pull("k1").json()
    assert one["newCurrencyBalance"] == 15_840
    ten = client.pull("k2", count=10).json()
    assert ten["newCurrencyBalance"] == 14_240
    history = client.send("GET", "/gacha/history").json()
    drawn = [pull["item"] for pull in reversed(history["pulls"])]
    assert drawn == [one["item"], *ten["items"]]
    assert client.balance() == 14_240
    wait_settled(game)
    assert client.balance() == 14_240
    check_books(game, [client])


def test_a_refund_by_webhook_through_the_gateway(game: GameProcesses) -> None:
    """The signature is over the very bytes, so that none may change on the way."""
    client = Client(game, "returner")
    client.buy(1600, "b1")
    assert client.pull("k1").status_code == 200
    wait_settled(game)
    forged = {"Payment-Signature": f"t=1,v1={'0' * 64}"}
    answer = client.send("POST", "/account/payments/webhook", b"{}", **forged)
    assert answer.status_code == 401
    assert client.balance() == 1440
    client.tell("payment.refunded", 1600, "b1")
    shown = client.send("GET", "/account/currency").json()
    assert shown == {"userId": client.id, "currencyBalance": 0, "debt": 160}
    check_books(game, [client])


def test_the_gateway_s_index_and_health_are_as_the_contract_has_them(
    game: GameProcesses, victim: Client
) -> None:
    assert game.gateway is not None
    for path in ("/", "/livez", "/readyz"):
        assert victim.send("GET", path).status_code == 200


@pytest.mark.parametrize("name", NOT_JSON)
@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_a_body_that_is_no_json_object(
    victim: Client, path: str, field: str, others: dict[str, str], name: str
) -> None:
    assert victim.send("POST", path, NOT_JSON[name]).status_code == 400


@pytest.mark.parametrize("value", BAD_AMOUNTS)
@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_an_amount_that_is_none(
    victim: Client, path: str, field: str, others: dict[str, str], value: str
) -> None:
    answer = victim.send("POST", path, spell(field, value, others))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["name"] == f"/{field}"


def test_a_head_as_long_as_the_gateway_takes_it_is_answered_in_json(
    victim: Client, game: GameProcesses
) -> None:
    long = "x" * 12_000
    fields = {f"X-Field-{number}": "x" for number in range(500)}
    for query, headers in ((long, {}), ("", {"X-Long": long}), ("", fields)):
        answer = httpx.get(
            game.url("/gacha/items"),
            params={"banner": query},
            headers=headers,
            timeout=20,
            trust_env=False,
        )
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/unknown-banner"


@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_an_unknown_field(
    victim: Client, path: str, field: str, others: dict[str, str]
) -> None:
    body = spell(field, "160", {**others, "extra": "1"})
    answer = victim.send("POST", path, body)
    assert (answer.status_code, answer.json()["errors"][0]["name"]) == (400, "/extra")


@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_a_duplicate_field(
    victim: Client, path: str, field: str, others: dict[str, str]
) -> None:
    body = spell(field, f'160, "{field}": 160', others)
    answer = victim.send("POST", path, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["name"] == f"/{field}"


@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_a_body_of_a_megabyte(
    victim: Client, path: str, field: str, others: dict[str, str]
) -> None:
    body = spell(field, "160", others).ljust(1_000_000)
    assert victim.send("POST", path, body).status_code == 413


@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_another_content_type(
    victim: Client, path: str, field: str, others: dict[str, str]
) -> None:
    body = spell(field, "160", others)
    answer = victim.send("POST", path, body, **{"Content-Type": "text/plain"})
    assert answer.status_code == 415


PROTECTED: list[tuple[str, str, Any]] = [
    ("GET", "/account/currency", None),
    ("POST", "/account/buy-currency", {"amount": 100, "paymentMethod": "card"}),
    ("POST", "/gacha/pull", {"currencySpent": 160}),
    ("GET", "/gacha/history", None),
]


@pytest.mark.parametrize(("method", "path", "body"), PROTECTED)
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token(
    game: GameProcesses, victim: Client, name: str, method: str, path: str, body: Any
) -> None:
    token = FORGERIES[name](Forge(victim.token, game.folder / "signing-key.pem"))
    answer = victim.send(method, path, body, Authorization=f"Bearer {token}")
    assert answer.status_code == 401


def test_two_purchases_with_the_same_key_and_different_bodies(
    game: GameProcesses,
) -> None:
    client = Client(game, "buyer")
    assert client.buy(100, "k").status_code == 200
    body = {"amount": 200, "paymentMethod": "card"}
    answer = client.send(
        "POST", "/account/buy-currency", body, **{"Idempotency-Key": "k"}
    )
    assert answer.status_code == 422
    assert client.balance() == 100


@pytest.mark.parametrize(("spent", "count"), [(159, 1), (160, 10), (1600, 1)])
def test_a_pull_with_the_wrong_price(victim: Client, spent: int, count: int) -> None:
    answer = victim.send(
        "POST", "/gacha/pull", {"currencySpent": spent, "count": count}
    )
    assert answer.status_code == 400
    assert answer.json()["price"] == 160 * count


@pytest.mark.parametrize("banner", ["past", "future"])
def test_a_pull_of_a_closed_banner(victim: Client, banner: str) -> None:
    body = {"currencySpent": 160, "bannerId": banner}
    answer = victim.send("POST", "/gacha/pull", body)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/banner-closed"


def test_a_pull_of_an_unknown_banner(victim: Client) -> None:
    body = {"currencySpent": 160, "bannerId": "sunset"}
    assert victim.send("POST", "/gacha/pull", body).status_code == 404


def test_a_pull_beyond_the_balance(victim: Client) -> None:
    body = {"currencySpent": 1600, "count": 10}
    answer = victim.send("POST", "/gacha/pull", body)
    assert answer.status_code == 402
    told = answer.json()
    assert (told["balance"], told["price"]) == (1000, 1600)


@pytest.mark.parametrize(
    "path",
    [
        "/internal/holds",
        "/account/internal/holds",
        "/account/../internal/holds",
        "/account/..%2finternal/holds",
        "/account/%2e%2e/internal/holds",
        "/gacha/..;/internal/pulls/u/p/inquiry",
        "//internal/holds",
    ],
)
def test_no_way_leads_to_the_internal_routes(
    game: GameProcesses, victim: Client, path: str
) -> None:
    token = (game.folder / "token").read_text()
    status = raw_status(game, path, {"X-Service-Token": token})
    assert status in (400, 404)


def raw_status(game: GameProcesses, path: str, headers: dict[str, str]) -> int:
    """The status of a POST whose path is sent just as it is."""
    address = urlsplit(game.url("/account/")).netloc
    connection = HTTPConnection(address, timeout=10)
    connection.putrequest("POST", path, skip_host=False, skip_accept_encoding=True)
    for name, value in {**headers, "Content-Length": "2"}.items():
        connection.putheader(name, value)
    connection.endheaders(b"{}")
    status = connection.getresponse().status
    connection.close()
    return status


def test_no_log_tells_a_secret(game: GameProcesses, victim: Client) -> None:
    victim.send("GET", "/account/currency")
    secrets = [
        victim.token,
        "correct horse battery",
        (game.folder / "token").read_text(),
        game.server_seed.hex(),
    ]
    for process in game.processes():
        log = process.log()
        assert "/currency" in log or "/pull" in log
        assert not [secret for secret in secrets if secret in log]
