"""A PostgreSQL that runs as long as a test needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from child_processes import Child, Pace
from postgres_server import prepare_postgres
from supervise import free_ports
from waiting import until


@contextmanager
def running_postgres(folder: Path) -> Iterator[str]:
    """The URL of the account service's database, password included."""
    server = prepare_postgres(
        folder / "postgres", port=free_ports(1)[0], roles=("account",)
    )
    child = Child(server.plan(), folder, Pace(), ())
    child.start()
    try:
        until(child.is_ready, within_s=60, what="PostgreSQL ready")
        line = server.password_file("account").read_text().strip()
        password = line.rpartition(":")[2]
        yield server.url("account").replace("@", f":{password}@")
    finally:
        child.stop()
