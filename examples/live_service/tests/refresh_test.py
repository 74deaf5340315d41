"""Refresh tokens: rotation, reuse, races, and what is kept of them."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, text

from account.refresh_tokens import (
    MOST_LOGINS,
    InvalidRefreshToken,
    Refreshed,
    RefreshTokens,
    logins,
)
from account.users import Users
from game_in_process import PASSWORD, Game, MovedClock

DAY_MS = 24 * 3600 * 1000
GRACE_MS = 30_000
_players = itertools.count(1)


class Desk:
    """Refresh tokens on one database, at a time that the test sets."""

    def __init__(self, users: Users) -> None:
        self.users = users
        self.clock = MovedClock()
        self.tokens = RefreshTokens(
            users.engine,
            lifetime_ms=30 * DAY_MS,
            grace_ms=GRACE_MS,
            clock_ms=self.clock,
        )

    def new_player(self) -> str:
        player = f"u-{next(_players)}-{id(self)}"
        self.users.add(
            username=player[-32:],
            user_id=player,
            email="a@e.org",
            password_hash="hash",
            created_at_ms=1,
        )
        return player

    def refresh(self, token: str) -> str:
        return self.tokens.refresh(token).successor

    def is_good(self, token: str) -> bool:
        """Whether it refreshes; it is spent by the question."""
        try:
            self.tokens.refresh(token)
        except InvalidRefreshToken:
            return False
        return True

    def logins_of(self, player: str) -> int:
        count = select(func.count()).where(logins.c.player_id == player)
        with self.users.engine.connect() as connection:
            return int(connection.execute(count).scalar_one())


@pytest.fixture
def desk(users: Users) -> Desk:
    return Desk(users)


def test_each_token_leads_to_the_next_and_names_its_player(desk: Desk) -> None:
    player = desk.new_player()
    chain = [desk.tokens.begin(player)]
    for _ in range(5):
        refreshed = desk.tokens.refresh(chain[-1])
        assert refreshed.player == player
        chain.append(refreshed.successor)
    assert len(set(chain)) == 6
    assert desk.logins_of(player) == 1


def test_a_lost_answer_is_given_again_within_the_grace(desk: Desk) -> None:
    first = desk.tokens.begin(desk.new_player())
    second = desk.refresh(first)
    desk.clock.advance(GRACE_MS - 1)
    assert desk.refresh(first) == second
    assert desk.is_good(second)


def test_a_spent_token_after_the_grace_ends_its_login(desk: Desk) -> None:
    player = desk.new_player()
    other_login = desk.tokens.begin(player)
    first = desk.tokens.begin(player)
    second = desk.refresh(first)
    desk.clock.advance(GRACE_MS)
    with pytest.raises(InvalidRefreshToken, match="was used before"):
        desk.refresh(first)
    assert not desk.is_good(second)
    assert desk.is_good(other_login)


def test_a_token_whose_successor_was_used_ends_its_login_at_once(desk: Desk) -> None:
    first = desk.tokens.begin(desk.new_player())
    third = desk.refresh(desk.refresh(first))
    with pytest.raises(InvalidRefreshToken, match="was used before"):
        desk.refresh(first)
    assert not desk.is_good(third)


def test_logging_out_ends_the_login_by_any_of_its_tokens(desk: Desk) -> None:
    player = desk.new_player()
    for spent in (True, False):
        first = desk.tokens.begin(player)
        second = desk.refresh(first)
        desk.tokens.end(first if spent else second)
        assert not desk.is_good(second)
        desk.tokens.end(second)
    assert desk.logins_of(player) == 0


def test_a_token_lasts_thirty_days_from_its_own_birth(desk: Desk) -> None:
    first = desk.tokens.begin(desk.new_player())
    desk.clock.advance(30 * DAY_MS - 1)
    second = desk.refresh(first)
    desk.clock.advance(30 * DAY_MS - 1)
    third = desk.refresh(second)
    desk.clock.advance(30 * DAY_MS)
    assert not desk.is_good(third)


def test_only_what_has_expired_is_removed(desk: Desk) -> None:
    old, new = desk.new_player(), desk.new_player()
    desk.tokens.begin(old)
    desk.clock.advance(1)
    kept = desk.tokens.begin(new)
    desk.clock.advance(30 * DAY_MS - 1)
    desk.tokens.remove_expired()
    assert (desk.logins_of(old), desk.logins_of(new)) == (0, 1)
    assert desk.is_good(kept)


def test_the_login_that_was_refreshed_longest_ago_gives_way(desk: Desk) -> None:
    player = desk.new_player()
    tokens = []
    for _ in range(MOST_LOGINS):
        tokens.append(desk.tokens.begin(player))
        desk.clock.advance(1)
    tokens[0] = desk.refresh(tokens[0])
    newest = desk.tokens.begin(player)
    assert desk.logins_of(player) == MOST_LOGINS
    assert not desk.is_good(tokens[1])
    assert desk.is_good(tokens[0])
    assert desk.is_good(tokens[2])
    assert desk.is_good(newest)


def at_once(count: int, call: Any) -> list[Any]:
    """What `count` threads get that call at the same moment."""
    barrier = Barrier(count)

    def arrive(number: int) -> Any:
        barrier.wait(30)
        return call(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(arrive, range(count)))


def test_logins_at_once_are_not_more_than_may_be(desk: Desk) -> None:
    player = desk.new_player()
    for _ in range(MOST_LOGINS - 1):
        desk.tokens.begin(player)
    at_once(8, lambda _: desk.tokens.begin(player))
    assert desk.logins_of(player) == MOST_LOGINS


def test_of_refreshes_at_once_all_get_the_same_successor(desk: Desk) -> None:
    token = desk.tokens.begin(desk.new_player())
    for _ in range(10):
        answers = at_once(4, lambda _, token=token: desk.tokens.refresh(token))
        (refreshed,) = set(answers)
        assert isinstance(refreshed, Refreshed)
        token = refreshed.successor
    assert desk.is_good(token)


def test_a_refresh_and_a_logout_at_once_leave_nothing(desk: Desk) -> None:
    for _ in range(10):
        token = desk.tokens.begin(player := desk.new_player())

        def refresh_or_end(number: int, token: str = token) -> None:
            if number == 0:
                desk.is_good(token)
            else:
                desk.tokens.end(token)

        at_once(2, refresh_or_end)
        assert desk.logins_of(player) == 0


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: "",
        lambda token: "x",
        lambda token: token + "x",
        lambda token: token.replace("u-", "u_", 1),
        lambda token: token.replace(token.split(".")[1], "0" * 32),
        lambda token: token + "\n",
        lambda token: token.replace(".", ".\u0661", 1),
    ],
)
def test_a_token_of_no_login_does_nothing(desk: Desk, forge: Any) -> None:
    token = desk.tokens.begin(desk.new_player())
    with pytest.raises(InvalidRefreshToken, match="is of no login"):
        desk.refresh(forge(token))
    assert desk.is_good(token)


def test_nothing_that_is_stored_refreshes_anything(desk: Desk) -> None:
    first = desk.tokens.begin(desk.new_player())
    second = desk.refresh(first)
    secrets = [token.rpartition(".")[2] for token in (first, second)]
    with desk.users.engine.connect() as connection:
        stored = repr(connection.execute(text("SELECT * FROM logins")).all())
    assert "u-" in stored
    assert not any(secret in stored for secret in secrets)


def log_in(game: Game) -> Any:
    body = {"username": "aster", "password": PASSWORD}
    game.account.post("/account/register", json={**body, "email": "a@e.org"})
    return game.account.post("/account/login", json=body).json


def post(game: Game, what: str, token: Any) -> Any:
    return game.account.post(f"/account/{what}", json={"refreshToken": token})


def balance(game: Game, token: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return game.account.get("/account/currency", headers=headers)


def test_a_player_stays_logged_in_and_logs_out(game: Game) -> None:
    logged_in = log_in(game)
    refreshed = post(game, "refresh", logged_in["refreshToken"])
    assert refreshed.status_code == 200
    assert refreshed.json["message"] == "Token refreshed"
    assert balance(game, refreshed.json["token"]).json["currencyBalance"] == 0
    # A refresh token opens nothing else, and a token refreshes nothing.
    assert balance(game, refreshed.json["refreshToken"]).status_code == 401
    assert post(game, "refresh", logged_in["token"]).status_code == 401

    left = post(game, "logout", refreshed.json["refreshToken"])
    assert (left.status_code, left.json) == (200, {"message": "Logged out"})
    again = post(game, "refresh", refreshed.json["refreshToken"])
    assert again.status_code == 401
    assert again.json["type"] == "/problems/invalid-refresh-token"
    assert post(game, "logout", refreshed.json["refreshToken"]).status_code == 200


@pytest.mark.parametrize("what", ["refresh", "logout"])
@pytest.mark.parametrize("token", ["", 7, None, "x" * 513])
def test_what_can_t_be_a_refresh_token_is_named(
    shared_game: Game, what: str, token: Any
) -> None:
    answer = post(shared_game, what, token)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["name"] == "/refreshToken"
