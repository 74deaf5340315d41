"""Bodies that are refused, and change nothing."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest

from bad_requests import BAD_AMOUNTS, ENDPOINTS, NOT_JSON, spell
from game_in_process import Game, Player


def post(player: Player, path: str, body: bytes, **headers: str) -> Any:
    client = player.game.gacha if "gacha" in path else player.game.account
    content_type = headers.pop("content_type", "application/json")
    return client.post(
        path,
        data=body,
        content_type=content_type,
        headers={**player.headers(), **headers},
    )


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize("name", NOT_JSON)
@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_what_is_no_json_object_is_refused(
    victim: Player, path: str, field: str, others: dict[str, str], name: str
) -> None:
    answer = post(victim, path, NOT_JSON[name])
    assert answer.status_code == 400
    assert answer.json["type"] == "/problems/malformed-request"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NaN", "NaN"),
        ("minus Infinity", "-Infinity"),
        ("cut short", "line 1, column 13"),
        ("not UTF-8", "byte 12"),
        ("nested 30,000 deep", "too deeply"),
        ("60,000 digits", "too many digits"),
        ("an array", "JSON object"),
    ],
)
def test_the_message_says_what_is_wrong_with_the_body(
    victim: Player, name: str, said: str
) -> None:
    answer = post(victim, "/account/buy-currency", NOT_JSON[name])
    assert said in answer.json["detail"]


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize("value", BAD_AMOUNTS)
@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_an_amount_is_a_json_integer_in_range_or_refused(
    victim: Player, path: str, field: str, others: dict[str, str], value: str
) -> None:
    answer = post(victim, path, spell(field, value, others))
    assert answer.status_code == 400
    assert answer.json["errors"] == [
        {
            "in": "body",
            "name": f"/{field}",
            "message": "must be an integer from 1 to 9007199254740991",
        }
    ]


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_an_unknown_field_is_named_and_the_known_ones_are_listed(
    victim: Player, path: str, field: str, others: dict[str, str]
) -> None:
    body = spell(field, "160", {**others, "discount/~": "1"})
    answer = post(victim, path, body)
    assert answer.status_code == 400
    (error,) = answer.json["errors"]
    assert error["name"] == "/discount~1~0"
    assert field in error["message"]


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_a_field_given_twice_is_refused_even_with_equal_values(
    victim: Player, path: str, field: str, others: dict[str, str]
) -> None:
    body = spell(field, f'160, "{field}": 160', others)
    answer = post(victim, path, body)
    assert answer.status_code == 400
    (error,) = answer.json["errors"]
    assert error["name"] == f"/{field}"
    assert "twice" in error["message"]


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_a_missing_field_is_named(
    victim: Player, path: str, field: str, others: dict[str, str]
) -> None:
    answer = post(victim, path, json.dumps(others).encode())
    assert answer.status_code == 400
    assert answer.json["errors"] == [
        {"in": "body", "name": f"/{field}", "message": "is missing"}
    ]


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "", "application/problem+json"],
)
@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_another_content_type_is_refused(
    victim: Player, path: str, field: str, others: dict[str, str], content_type: str
) -> None:
    answer = post(victim, path, spell(field, "160", others), content_type=content_type)
    assert answer.status_code == 415


@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_a_body_may_have_64_kib_and_no_more(
    shared_game: Game, path: str, field: str, others: dict[str, str]
) -> None:
    player = shared_game.new_player(10_000)
    body = spell(field, "160", others)
    for size, status in [(65_536, 200), (65_537, 413), (1_000_000, 413)]:
        answer = post(player, path, body.ljust(size))
        assert answer.status_code == status


@pytest.mark.parametrize(("path", "field", "others"), ENDPOINTS)
def test_a_body_of_unsaid_length_is_cut_off_too(
    shared_game: Game, path: str, field: str, others: dict[str, str]
) -> None:
    player = shared_game.new_player(1000)
    client = shared_game.gacha if "gacha" in path else shared_game.account
    body = spell(field, "160", others)
    for size, status in [(65_537, 413), (65_536, 200)]:
        answer = client.post(
            path,
            input_stream=BytesIO(body.ljust(size)),
            environ_overrides={"wsgi.input_terminated": True},
            content_type="application/json",
            headers=player.headers(),
        )
        assert answer.status_code == status


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize("count", ["0", "2", "11", "-1", "10.0", '"10"', "true"])
def test_a_count_is_one_or_ten(victim: Player, count: str) -> None:
    answer = post(
        victim, "/gacha/pull", f'{{"currencySpent": 160, "count": {count}}}'.encode()
    )
    assert answer.status_code == 400
    assert answer.json["errors"][0]["message"] == "must be 1 or 10"


@pytest.mark.usefixtures("nothing_happens")
@pytest.mark.parametrize("banner", ["", "a b", "../starter", "x" * 129, 1, None, []])
def test_a_banner_id_that_can_t_be_one_is_refused(victim: Player, banner: Any) -> None:
    answer = victim.pull(160, bannerId=banner)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["name"] == "/bannerId"


@pytest.mark.usefixtures("nothing_happens")
def test_several_wrong_fields_are_all_named(victim: Player) -> None:
    answer = victim.pull("160", count=3, bannerId=7, extra=1)
    assert {error["name"] for error in answer.json["errors"]} == {
        "/currencySpent",
        "/count",
        "/bannerId",
        "/extra",
    }


@pytest.mark.parametrize(
    ("service", "method", "path", "status"),
    [
        ("account", "GET", "/account/nothing", 404),
        ("account", "GET", "/account/register", 405),
        ("account", "DELETE", "/account/currency", 405),
        ("gacha", "GET", "/gacha/pull", 405),
        ("gacha", "GET", "/gacha/../account", 404),
    ],
)
def test_odd_addresses_and_methods_are_problems_too(
    shared_game: Game, service: str, method: str, path: str, status: int
) -> None:
    client = shared_game.account if service == "account" else shared_game.gacha
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-1.2_3", True), ("a" * 64, True), ("a" * 65, False), ("a b", False)],
)
def test_a_sane_request_id_is_kept_and_another_replaced(
    shared_game: Game, given: str, kept: bool
) -> None:
    answer = shared_game.gacha.get("/gacha/items", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) is kept
