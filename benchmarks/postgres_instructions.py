"""How many instructions a pull takes the PostgreSQL server, and which part of it.

    postgres_instructions.py [OUT.json]

Runs a server of its own under callgrind and the statements of `pull.pgbench.sql`, and
parts of them, through pgbench: what does not depend on how busy the machine is. Only
the server's own code is counted, not the kernel's. Needs the packages postgresql and
valgrind; takes some minutes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
MIGRATION = HERE.parent / "src/store/postgres_migrations/0001_first_tables.sql"
PLAYERS = 3200
ROWS = f"""
INSERT INTO players SELECT n, 0 FROM generate_series(0, {PLAYERS - 1}) n;
INSERT INTO balances
  SELECT n, 'crystal', 9007199254740000, 0, 1, 1, 0, 'g:1:9007199254740000', repeat('a', 64)
  FROM generate_series(0, {PLAYERS - 1}) n;
INSERT INTO pity SELECT n, 'starter', 1, '0 1 2 3 4' FROM generate_series(0, {PLAYERS - 1}) n;
INSERT INTO inventory SELECT n, 'item-' || i, 1
  FROM generate_series(0, {PLAYERS - 1}) n, generate_series(1, 8) i;
VACUUM ANALYZE;
"""  # noqa: E501


class Server:
    """A server in a temporary folder, each of its processes under callgrind."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        if not found or shutil.which("valgrind") is None:
            raise SystemExit("install the packages postgresql and valgrind")
        self._programs, self._folder = found[-1], folder
        # PostgreSQL refuses to be root's.
        self._as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self._as_user:
            shutil.chown(folder, "postgres")
        self._run(f"{self._programs}/initdb", "-D", f"{folder}/data", "-U", "admin")
        self._process = subprocess.Popen(
            [
                *self._as_user, "valgrind", "--tool=callgrind", "--trace-children=yes",
                f"--callgrind-out-file={folder}/count.%p", "-q",
                f"{self._programs}/postgres", "-D", f"{folder}/data", "-k", str(folder),
                "-c", "listen_addresses=", "-c", "autovacuum=off",
            ],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while subprocess.run(self._psql("SELECT 1"), capture_output=True).returncode:
            if self._process.poll() is not None:
                raise SystemExit("the server did not start")
            time.sleep(0.5)

    def sql(self, text: str) -> None:
        """Run statements."""
        subprocess.run(self._psql(), input=text, text=True, check=True)

    def instructions(self, *what: str) -> float:
        """Of a transaction of pgbench with these arguments, once all is warm."""
        few, many = 100, 500
        counts = [self._count(number, *what) for number in (few, few, many)]
        return (counts[2] - counts[1]) / (many - few)

    def stop(self) -> None:
        """End the server."""
        pid = (self._folder / "data/postmaster.pid").read_text().split()[0]
        subprocess.run(["kill", "-INT", pid], check=True)
        self._process.wait()

    def _count(self, transactions: int, *what: str) -> int:
        before = set(self._folder.glob("count.*"))
        subprocess.run(
            ["pgbench", "-n", "-h", str(self._folder), "-U", "admin", "-t",
             str(transactions), *what, "postgres"],
            capture_output=True, check=True,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:  # until the session has written its count
            time.sleep(0.5)
            counts = [
                int(total[1])
                for file in set(self._folder.glob("count.*")) - before
                if (total := re.search(r"^totals: (\d+)", file.read_text(), re.M))
            ]
            # pgbench has a session of its own before that of its client.
            if len(counts) >= 2:
                return max(counts)
        raise SystemExit("callgrind did not write its count")

    def _psql(self, *commands: str) -> list[str]:
        asked = [part for command in commands for part in ("-c", command)]
        return ["psql", "-qAt", "-v", "ON_ERROR_STOP=1", "-h", str(self._folder),
                "-U", "admin", "postgres", *asked]  # fmt: skip

    def _run(self, *command: str) -> None:
        subprocess.run(
            [*self._as_user, *command],
            cwd=self._folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def scripts() -> dict[str, str]:
    """The pull, its form for known players, and that without each of its writes."""
    lines = (HERE / "pull.pgbench.sql").read_text(encoding="utf-8").splitlines()
    starts = [n for n, line in enumerate(lines) if line == "\\startpipeline"]
    known = [*lines[: starts[0] + 1], "BEGIN;", *lines[starts[1] + 1 :]]
    parts = {"pull": lines, "pull of a known player": known}
    for line in known:
        if line.startswith(("INSERT", "UPDATE")):
            words = line.split()
            name = f"{words[0].lower()} {words[2 if words[0] == 'INSERT' else 1]}"
            parts[name] = [other for other in known if other != line]
    return {name: "\n".join(part) for name, part in parts.items()}


def main() -> None:
    """Count, print and perhaps write."""
    folder = Path(tempfile.mkdtemp(prefix="fairpull-count-"))
    server = Server(folder)
    try:
        server.sql(MIGRATION.read_text(encoding="utf-8"))
        server.sql(ROWS)
        counted = {}
        for name, script in scripts().items():
            file = folder / "script.sql"
            file.write_text(script, encoding="utf-8")
            counted[name] = server.instructions(
                "-M", "prepared", "-D", f"players={PLAYERS}",
                "-D", f"hash={'a' * 64}", "-f", str(file),
            )  # fmt: skip
        for name in counted:
            if name.startswith(("insert", "update")):
                counted[name] = counted["pull of a known player"] - counted[name]
        subprocess.run(
            ["pgbench", "-i", "-q", "-h", str(folder), "-U", "admin", "postgres"],
            capture_output=True,
            check=True,
        )
        counted["simple-update"] = server.instructions("-N", "-M", "simple")
    finally:
        server.stop()
        shutil.rmtree(folder)
    for name, count in counted.items():
        print(f"{name:24} {count / 1000:8.0f} thousand")
    if len(sys.argv) > 1:
        rounded = {name: round(count) for name, count in counted.items()}
        Path(sys.argv[1]).write_text(
            json.dumps({"instructions": rounded}, indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
