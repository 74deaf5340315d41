"""A PostgreSQL server that a test is the parent of, and may kill."""

from __future__ import annotations

import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Any

from postgres_server import HOST, prepare_postgres
from waiting import until

ROLES = ("account", "gacha")
READY_LIMIT_S = 30.0
_STILL_USED = "shared memory block"


class PostgresProcess:
    """A server of its own in a folder, with a database for each service."""

    def __init__(self, folder: Path, *, port: int) -> None:
        folder.mkdir(exist_ok=True)
        self._server = prepare_postgres(folder / "postgres", port=port, roles=ROLES)
        self._plan = self._server.plan()
        self._log = folder / "postgres.log"
        self._running: subprocess.Popen[bytes] | None = None

    def standby(self, folder: Path, *, port: int) -> PostgresProcess:
        """A second server that follows this one, which runs, from when it starts."""
        rules = self._server.data / "pg_hba.conf"
        with rules.open("a") as file:
            file.write(f"host replication admin {HOST}/32 trust\n")
        self._program("pg_ctl", "reload", "-D", str(self._server.data))
        standby = PostgresProcess(folder, port=port)
        data = standby._server.data
        shutil.rmtree(data)
        standby._program(
            "pg_basebackup",
            *("-D", str(data), "--write-recovery-conf", "--checkpoint=fast"),
            *("-h", HOST, "-p", str(self._server.port), "-U", "admin"),
        )
        # Those that it made before it had this one's data are nobody's.
        for role in ROLES:
            shutil.copy(
                self._server.password_file(role), standby._server.password_file(role)
            )
        return standby

    def promote(self) -> None:
        """Have a standby that runs follow nobody from now on."""
        self._program("pg_ctl", "promote", "--wait", "-D", str(self._server.data))

    def address(self) -> str:
        """Host and port."""
        return f"{HOST}:{self._server.port}"

    def url(self, role: str) -> str:
        """The role's own database, with the file that has the password."""
        return f"{self._server.url(role)}?passfile={self._server.password_file(role)}"

    def start(self) -> None:
        """Start it and return when it takes connections.

        Sessions of a server that was killed may outlive it by a moment, in which no
        other starts on its data; as by a supervisor, it is tried again.
        """
        self._spawn()
        until(self._is_ready, within_s=READY_LIMIT_S, what="PostgreSQL ready")

    def kill(self) -> None:
        """kill -9 of the server; its sessions notice and end."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None

    def remove(self) -> None:
        """End it and leave nothing behind, in or outside the folder."""
        self.kill()
        shutil.rmtree(self._server.folder)

    def _program(self, name: str, *words: str) -> None:
        """Run one of PostgreSQL's programs as the server's own user."""
        subprocess.run(
            [str(self._server.programs / name), *words],
            **self._as_its_user(),
            check=True,
            capture_output=True,
        )

    def _as_its_user(self) -> dict[str, Any]:
        user = self._plan.user
        return {
            "cwd": self._plan.folder,
            "env": dict(self._plan.environment),
            "user": user,
            "group": None if user is None else pwd.getpwnam(user).pw_gid,
            "extra_groups": None if user is None else [],
        }

    def _spawn(self) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                self._plan.command,
                **self._as_its_user(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _is_ready(self) -> bool:
        assert self._running is not None
        assert self._plan.is_ready is not None
        if self._running.poll() is not None:
            end = self._log.read_text(errors="replace")[-2000:]
            if not any(_STILL_USED in line for line in end.splitlines()[-5:]):
                raise AssertionError(f"PostgreSQL ended at the start:\n{end}")
            self._spawn()
        return self._plan.is_ready()
