"""The users table: who may log in, and which player that is.

The rows are keyed by the user name in lower case, so that the key itself keeps names
unique whatever their case, on one database and on many.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    make_url,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError

from account.tables import make_tables

metadata = MetaData()

users = Table(
    "users",
    metadata,
    Column("username_key", String(32), primary_key=True),
    Column("username", String(32), nullable=False),
    Column("user_id", String(64), nullable=False, unique=True),
    Column("email", String(254), nullable=False),
    Column("password_hash", String(255), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
)

# Beside the users, since it came later and not everyone has told it.
birth_dates = Table(
    "birth_dates",
    metadata,
    Column("user_id", String(64), primary_key=True),
    Column("birth_date", Date, nullable=False),
)


class UsernameTaken(Exception):
    """Another user has that name."""


@dataclass(frozen=True)
class Credentials:
    """What a login is checked against."""

    user_id: str
    password_hash: str


class Users:
    """The registered users. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        self._engine = _open(url)
        make_tables(self._engine, users, birth_dates)

    def add(
        self,
        *,
        username: str,
        user_id: str,
        email: str,
        password_hash: str,
        created_at_ms: int,
        birth_date: date | None = None,
    ) -> None:
        """Add a user; `UsernameTaken` if the name is gone, whatever its case."""
        row = {
            "username_key": username.lower(),
            "username": username,
            "user_id": user_id,
            "email": email,
            "password_hash": password_hash,
            "created_at_ms": created_at_ms,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(users).values(row))
                if birth_date is not None:
                    connection.execute(
                        insert(birth_dates).values(
                            user_id=user_id, birth_date=birth_date
                        )
                    )
        except IntegrityError as error:
            if self.find(username) is None:
                raise
            raise UsernameTaken(username) from error

    def find(self, username: str) -> Credentials | None:
        """Return the user's credentials by name, whatever its case, or None."""
        # Names are ASCII; lower() would also make the Kelvin sign a k.
        if not username.isascii():
            return None
        statement = select(users.c.user_id, users.c.password_hash).where(
            users.c.username_key == username.lower()
        )
        with self._engine.connect() as connection:
            row = connection.execute(statement).one_or_none()
        return None if row is None else Credentials(row.user_id, row.password_hash)

    def birth_date(self, user_id: str) -> date | None:
        """Return when the user was born, or None if that was never told."""
        statement = select(birth_dates.c.birth_date).where(
            birth_dates.c.user_id == user_id
        )
        with self._engine.connect() as connection:
            return connection.execute(statement).scalar_one_or_none()

    @property
    def engine(self) -> Engine:
        """The database, for what else is kept in it; closed with this."""
        return self._engine

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def lock_user(connection: Connection, user_id: str) -> None:
    """Have what concerns this user happen one after the other until the commit.

    SQLite has one writer at a time anyway, from its first change on: there, look at
    what others may change only after that.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(
            select(users.c.user_id).where(users.c.user_id == user_id).with_for_update()
        )


def _open(url: str) -> Engine:
    place = make_url(url)
    if place.drivername in ("postgresql", "postgres"):
        # The ledger's own URL will do: of the drivers there is this one.
        place = place.set(drivername="postgresql+psycopg")
    # Errors are logged, and must not say what would have been written.
    engine = create_engine(place, pool_pre_ping=True, hide_parameters=True)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def be_durable(connection: DBAPIConnection, _record: object) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA busy_timeout = 5000")
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.close()

    return engine
