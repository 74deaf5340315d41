"""Making the tables that the account service has of its own."""

from __future__ import annotations

from sqlalchemy import Engine, Table
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement


def make_tables(engine: Engine, *tables: Table) -> None:
    """Make what is not there yet, with its indexes."""
    for table in tables:
        _make(engine, CreateTable(table, if_not_exists=True))
        for index in table.indexes:
            _make(engine, CreateIndex(index, if_not_exists=True))


def _make(engine: Engine, statement: ExecutableDDLElement) -> None:
    try:
        with engine.begin() as connection:
            connection.execute(statement)
    except (IntegrityError, ProgrammingError):
        # Two processes started at once, and PostgreSQL let both find nothing.
        with engine.begin() as connection:
            connection.execute(statement)
