"""A PostgreSQL of the game's own: made once in a folder, run as a child process.

It listens on loopback alone. Each service has a database and a role of its own, whose
password is in a file that libpq reads (`PGPASSFILE`).
"""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from child_processes import ChildPlan, StartError
from private_files import write_private

HOST = "127.0.0.1"
_DEBIAN = Path("/usr/lib/postgresql")
_CONNECTIONS = 200
# Where root's games keep what another user must reach.
_ELSEWHERE = Path("/var/lib")


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    """Where it is, which programs run it, and as whom."""

    folder: Path
    passwords: Path
    port: int
    programs: Path
    user: str | None

    @property
    def data(self) -> Path:
        """The folder that the server keeps its data in."""
        return self.folder / "data"

    def password_file(self, role: str) -> Path:
        """The file with the password of a role."""
        return self.passwords / f"{role}.pgpass"

    def url(self, role: str) -> str:
        """Where the role's own database is, without the password."""
        return f"postgresql://{role}@{HOST}:{self.port}/{role}"

    def plan(self) -> ChildPlan:
        """How it is run."""
        listen = [
            *("-c", f"listen_addresses={HOST}"),
            *("-c", "unix_socket_directories="),
            *("-c", f"max_connections={_CONNECTIONS}"),
        ]
        return ChildPlan(
            name="postgres",
            command=[
                str(self.programs / "postgres"),
                *("-D", str(self.data), "-p", str(self.port)),
                *listen,
            ],
            folder=self.folder,
            environment=_plain_environment(),
            is_ready=self._accepts,
            comes_first=True,
            user=self.user,
            # Those who are still connected are cut off; nothing committed is lost.
            stops_on="SIGINT",
        )

    def _accepts(self) -> bool:
        ask = [str(self.programs / "pg_isready"), "-q", "-t", "2"]
        asked = subprocess.run(
            [*ask, "-h", HOST, "-p", str(self.port)],
            env=_plain_environment(),
            check=False,
            capture_output=True,
        )
        return asked.returncode == 0


def prepare_postgres(
    folder: Path, *, port: int, roles: tuple[str, ...]
) -> PostgresServer:
    """Make the server's folder if there is none; a `StartError` if it can't be.

    Half-made, the data has another name: a start that was cut short is begun anew.
    """
    user = _server_user()
    place = folder if user is None else _within_reach(folder, user)
    place.mkdir(mode=0o700, exist_ok=True)
    server = PostgresServer(
        folder=place,
        passwords=folder.parent,
        port=port,
        programs=_programs(place / "data"),
        user=user,
    )
    if not server.data.exists():
        _make(server, roles)
    return server


def _server_user() -> str | None:
    """Whom the server runs as, where that is not who asks: it refuses to be root's."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise StartError("PostgreSQL refuses to run as root, and there is no other user")


def _programs(data: Path) -> Path:
    """The folder of the programs: of the version that made the data, or the newest."""
    found = {p.parent.parent.name: p.parent for p in _DEBIAN.glob("*/bin/initdb")}
    try:
        version = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        version = max(found, key=_number, default="")
    if version in found:
        return found[version]
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    if not version:
        raise StartError(
            "no PostgreSQL server is installed (initdb was not found); "
            "scripts/run --full installs it"
        )
    raise StartError(
        f"the data in {data} is PostgreSQL {version}'s, which is not installed; "
        f"install postgresql-{version}, or choose another FAIRPULL_DATA"
    )


def _number(version: str) -> float:
    try:
        return float(version)
    except ValueError:
        return 0.0


def _within_reach(folder: Path, user: str) -> Path:
    """The folder, or one elsewhere that it then is a link to, made the user's own.

    What is below root's home, for instance, no other user comes to.
    """
    # The way through, without a look at what else is there.
    folder.parent.chmod(0o711)
    if folder.is_symlink():
        return folder.resolve()
    folder.mkdir(mode=0o700, exist_ok=True)
    shutil.chown(folder, user)
    if _reaches(folder, user):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    elsewhere = _ELSEWHERE / f"fairpull-{name}"
    try:
        folder.rmdir()
        # Of a game whose own folder is gone.
        shutil.rmtree(elsewhere, ignore_errors=True)
        elsewhere.mkdir(mode=0o700)
        shutil.chown(elsewhere, user)
        folder.symlink_to(elsewhere)
    except OSError as error:
        raise StartError(
            f"PostgreSQL runs as the user {user}, who can't reach {folder}, and "
            f"{elsewhere} can't be used instead ({error.strerror}); choose another "
            "folder with FAIRPULL_DATA, or don't run the game as root"
        ) from None
    return elsewhere


def _reaches(folder: Path, user: str) -> bool:
    """Whether the user can write into the folder."""
    tried = subprocess.run(
        ["/usr/bin/test", "-w", str(folder)],
        user=user,
        group=_group(user),
        extra_groups=[],
        check=False,
    )
    return tried.returncode == 0


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _make(server: PostgresServer, roles: tuple[str, ...]) -> None:
    fresh = server.folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    passwords = {role: secrets.token_urlsafe(24) for role in roles}
    _run(
        server,
        "initdb",
        *("-D", str(fresh), "-U", "admin", "--encoding=UTF8", "--locale=C"),
        "--auth=reject",
    )
    # Each role comes to its own database, and nobody else to any.
    rules = fresh / "pg_hba.conf"
    write_private(
        rules,
        "".join(f"host {r} {r} {HOST}/32 scram-sha-256\n" for r in roles),
    )
    if server.user is not None:
        shutil.chown(rules, server.user)
    statements = [
        line
        for role, password in passwords.items()
        for line in (
            f"CREATE ROLE {role} LOGIN PASSWORD '{password}';",
            f"CREATE DATABASE {role} OWNER {role};",
            f"REVOKE ALL ON DATABASE {role} FROM PUBLIC;",
        )
    ]
    _run(
        server,
        "postgres",
        *("--single", "-D", str(fresh), "postgres"),
        text="\n".join(statements) + "\n",
    )
    for role, password in passwords.items():
        line = f"{HOST}:*:{role}:{role}:{password}\n"
        write_private(server.password_file(role), line)
    fresh.rename(server.data)


def _run(server: PostgresServer, program: str, *words: str, text: str = "") -> None:
    """Run one of PostgreSQL's programs to its end; a `StartError` if it complains."""
    done = subprocess.run(
        [str(server.programs / program), *words],
        cwd=server.folder,
        env=_plain_environment(),
        input=text,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        user=server.user,
        group=None if server.user is None else _group(server.user),
        extra_groups=None if server.user is None else [],
        # A Ctrl-C is for the game, which ends when this is done.
        start_new_session=True,
        check=False,
    )
    if done.returncode != 0 or "ERROR:" in done.stdout or "FATAL:" in done.stdout:
        raise StartError(f"PostgreSQL's {program} failed:\n{done.stdout[-2000:]}")


def _plain_environment() -> dict[str, str]:
    """Nothing of the caller's that would change where or how it runs."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("PG")
    }
