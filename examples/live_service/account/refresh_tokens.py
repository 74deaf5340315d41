"""Refresh tokens: what a player gets new tokens by, without the password.

Each login is a row of its own, whatever becomes of it: a refresh replaces the token of
the row by its successor. Of the tokens only digests are kept. Who comes with one that
was replaced already is either a thief or was robbed by one, so the login is ended and
all of its tokens with it.

The successor is made from the token and a random salt of the row. So a client whose
answer was lost can repeat its request for a short while and gets the same successor,
which is stored nowhere, and of two refreshes at once both get it. Whoever stole a token
can use it within that while as well; the thief and the player then hold the same
successor, and the first of them to come late with one ends the login.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass

import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    Row,
    String,
    Table,
    and_,
    delete,
    insert,
    select,
    update,
)
from structlog.typing import FilteringBoundLogger

from account.tables import make_tables
from account.users import lock_user
from shared_http.clock import ClockMs, now_ms

log: FilteringBoundLogger = structlog.get_logger()

MOST_LOGINS = 10
"""Of one player; another ends the one that was refreshed the longest ago."""

_DAY_MS = 24 * 60 * 60 * 1000
_REMOVED_AT_ONCE = 1000
_TOKEN = re.compile(r"([A-Za-z0-9_:-]{1,128})\.([0-9a-f]{32})\.[\w-]{43}", re.ASCII)

metadata = MetaData()

logins = Table(
    "logins",
    metadata,
    Column("player_id", String(128), primary_key=True),
    Column("login_id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False),
    # The token before it, and the salt by which that leads to this one.
    Column("spent_digest", String(64), nullable=False),
    Column("salt", LargeBinary(32), nullable=False),
    Column("refreshed_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False, index=True),
)


class InvalidRefreshToken(Exception):
    """The token refreshes nothing; the text says why."""


@dataclass(frozen=True)
class Refreshed:
    """Whose token it was, and what comes after it."""

    player: str
    successor: str


class RefreshTokens:
    """The logins that can be refreshed. Safe from several threads and processes.

    Parameters
    ----------
    lifetime_ms
        How long a token is good for.
    grace_ms
        How long a token that was replaced gives its successor once more.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        lifetime_ms: int = 30 * _DAY_MS,
        grace_ms: int = 30_000,
        clock_ms: ClockMs = now_ms,
    ) -> None:
        self._engine = engine
        self._lifetime_ms = lifetime_ms
        self._grace_ms = grace_ms
        self._clock_ms = clock_ms
        make_tables(engine, logins)

    def begin(self, player: str) -> str:
        """Return the first token of a new login."""
        login_id = secrets.token_hex(16)
        token = f"{player}.{login_id}.{_spelled(secrets.token_bytes(32))}"
        with self._engine.begin() as connection:
            lock_user(connection, player)
            connection.execute(
                insert(logins).values(
                    player_id=player,
                    login_id=login_id,
                    digest=_digest(token),
                    spent_digest="",
                    salt=b"",
                    **self._times(),
                )
            )
            _end_surplus(connection, player, kept=login_id)
        return token

    def refresh(self, token: str) -> Refreshed:
        """Replace the token by its successor; `InvalidRefreshToken` if it is spent.

        Repeated within the grace, it gives the same successor.
        """
        digest = _digest(token)
        while True:
            login = self._find(token)
            if login.digest == digest:
                successor = self._replace(login, token)
                # Another refresh of the same token may have been first.
                if successor is None:
                    continue
            elif login.spent_digest == digest and (
                self._clock_ms() < login.refreshed_at_ms + self._grace_ms
            ):
                successor = _successor(token, login.salt)
            else:
                self.end(token)
                log.warning(
                    "a spent refresh token came back, so its login is ended",
                    player=login.player_id,
                )
                raise InvalidRefreshToken(
                    "the refresh token was used before, so its login is ended; log in "
                    "again"
                )
            return Refreshed(login.player_id, successor)

    def end(self, token: str) -> None:
        """End the login that the token is or was of, if there is one."""
        if (named := _login_named_by(token)) is not None:
            with self._engine.begin() as connection:
                connection.execute(delete(logins).where(named))

    def remove_expired(self) -> None:
        """Remove logins whose last token has expired, up to a thousand."""
        expired = (
            select(logins.c.player_id, logins.c.login_id)
            .where(logins.c.expires_at_ms <= self._clock_ms())
            .limit(_REMOVED_AT_ONCE)
        )
        with self._engine.begin() as connection:
            for player, login_id in connection.execute(expired).all():
                connection.execute(
                    delete(logins).where(
                        _is_login(player, login_id),
                        # It may have been refreshed at the last moment.
                        logins.c.expires_at_ms <= self._clock_ms(),
                    )
                )

    def _find(self, token: str) -> Row[tuple[object, ...]]:
        named = _login_named_by(token)
        login = None
        if named is not None:
            unexpired = logins.c.expires_at_ms > self._clock_ms()
            with self._engine.connect() as connection:
                found = connection.execute(select(logins).where(named, unexpired))
                login = found.one_or_none()
        if login is None:
            raise InvalidRefreshToken(
                "the refresh token is of no login, or of one that was ended or has "
                "expired; log in again"
            )
        return login

    def _replace(self, login: Row[tuple[object, ...]], token: str) -> str | None:
        """Return the successor; None if the token is not the login's any more."""
        salt = secrets.token_bytes(32)
        successor = _successor(token, salt)
        with self._engine.begin() as connection:
            replaced = connection.execute(
                update(logins)
                .where(
                    _is_login(login.player_id, login.login_id),
                    logins.c.digest == login.digest,
                )
                .values(
                    digest=_digest(successor),
                    spent_digest=login.digest,
                    salt=salt,
                    **self._times(),
                )
            )
        return successor if replaced.rowcount == 1 else None

    def _times(self) -> dict[str, int]:
        at_ms = self._clock_ms()
        return {"refreshed_at_ms": at_ms, "expires_at_ms": at_ms + self._lifetime_ms}


def _login_named_by(token: str) -> ColumnElement[bool] | None:
    match = _TOKEN.fullmatch(token)
    return None if match is None else _is_login(match[1], match[2])


def _is_login(player: str, login_id: str) -> ColumnElement[bool]:
    return and_(logins.c.player_id == player, logins.c.login_id == login_id)


def _end_surplus(connection: Connection, player: str, *, kept: str) -> None:
    surplus = (
        select(logins.c.login_id)
        .where(logins.c.player_id == player, logins.c.login_id != kept)
        .order_by(logins.c.refreshed_at_ms.desc())
        .offset(MOST_LOGINS - 1)
    )
    for login_id in connection.execute(surplus).scalars().all():
        connection.execute(delete(logins).where(_is_login(player, login_id)))


def _successor(token: str, salt: bytes) -> str:
    login, _, _ = token.rpartition(".")
    return f"{login}.{_spelled(hmac.digest(salt, token.encode(), 'sha256'))}"


def _spelled(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _digest(token: str) -> str:
    # Random enough that nobody finds it by trying, so one plain hash is enough.
    return hashlib.sha256(token.encode()).hexdigest()
