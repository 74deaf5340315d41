"""Runs the example game on loopback: account, gacha and the gateway before them.

    python examples/live_service/supervise.py [--full] [--gacha N]

With `--full` on a PostgreSQL and a Redis of its own, otherwise on SQLite files; with
`--gacha N` with so many instances of the gacha service, all on one database.
`PORT` is the gateway's port (8080 unless set, 0 for any free one); `FAIRPULL_DATA` is
the folder of databases, secrets and logs (`.data` at the root of the repository). Ends
everything on Ctrl-C or SIGTERM. The interpreter that runs this file runs the services
too, so it is the one that has `fairpull` and gunicorn installed.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from child_processes import ChildPlan, StartError, keep_running
from first_session import first_session
from generate_stubs import GenerationError, ensure_stubs
from postgres_server import prepare_postgres
from private_files import write_private
from redis_server import prepare_redis

_HERE = Path(__file__).resolve().parent
_HOST = "127.0.0.1"
_DEFAULT_PORT = 8080
_LEAST_FREE_PORT = 20_000
_KERNEL_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_MARKS_OF_URLS = "?%#"
_NEEDED_MODULES = ("fairpull", "flask", "grpc", "gunicorn")
_NODE_PROGRAMS = ("gateway", "discovery")
_MOST_GACHA = 32


class SetupError(Exception):
    """The game can't be started as things are; the message says what to change."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the game is found and what it keeps."""

    port: int
    data: Path
    full: bool = False
    gacha: int = 1

    @classmethod
    def from_environment(
        cls, variables: Mapping[str, str], *, full: bool = False, gacha: int = 1
    ) -> Settings:
        """The settings, or a `SetupError` that names the variable."""
        text = variables.get("PORT") or str(_DEFAULT_PORT)
        if not (text.isascii() and text.isdigit() and int(text) <= 65535):
            raise SetupError(f"PORT must be an integer from 0 to 65535, not {text!r}")
        data = Path(variables.get("FAIRPULL_DATA") or _HERE.parent.parent / ".data")
        data = data.absolute()
        if marks := sorted(set(str(data)) & set(_MARKS_OF_URLS)):
            raise SetupError(
                f"FAIRPULL_DATA: {data} has {' '.join(marks)} in it, which mean "
                "something else in a database's URL; choose another folder"
            )
        if not 1 <= gacha <= _MOST_GACHA:
            raise SetupError(f"--gacha takes 1 to {_MOST_GACHA} instances, not {gacha}")
        return cls(port=int(text), data=data, full=full, gacha=gacha)


def check_installed() -> None:
    """A `SetupError` that names what is not installed."""
    missing = [name for name in _NEEDED_MODULES if not importlib.util.find_spec(name)]
    if missing:
        raise SetupError(
            f"{sys.executable} lacks {', '.join(missing)}; scripts/run installs them"
        )
    if not shutil.which("node"):
        raise SetupError(
            "node (20 or newer) is not on the PATH; scripts/run installs it"
        )
    for name in _NODE_PROGRAMS:
        if not (_HERE / name / "node_modules").is_dir():
            raise SetupError(f"{name} lacks its packages; run npm ci in {_HERE / name}")
    try:
        ensure_stubs()
    except GenerationError as error:
        raise SetupError(str(error)) from None


def secret_file(path: Path, make: Callable[[], str]) -> Path:
    """The secret at `path`, made if there is none, readable by its owner only.

    An existing file is never changed: past draws can only be made again from the
    seed that they were made with. Nor is one ever half-written.
    """
    if not path.exists():
        write_private(path, make() + "\n")
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise SetupError(
            f"{path} is a secret that others may read (mode {mode:o}); chmod 600 it"
        )
    return path


@contextlib.contextmanager
def reserved_folder(data: Path) -> Iterator[IO[str]]:
    """Make the folder and keep other games off it while the file given is open.

    The children inherit the file, so a folder stays reserved for as long as any of
    them lives, even when this process was killed.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data / "logs").mkdir(exist_ok=True)
        lock = (data / "running.json").open("a+")
    except OSError as error:
        raise SetupError(
            f"{data} can't hold the game's data: {error.strerror}; "
            "FAIRPULL_DATA chooses another folder"
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise SetupError(
                f"a game already runs on {data}: process ids {lock.read().strip()}; "
                "end it first, or choose another folder with FAIRPULL_DATA"
            ) from None
        try:
            yield lock
        finally:
            lock.truncate(0)


def note_processes(lock: IO[str], children: Mapping[str, int]) -> None:
    """Write who runs into the file, for whoever finds the folder reserved."""
    lock.seek(0)
    lock.truncate()
    json.dump({"supervise": os.getpid(), **children}, lock)
    lock.flush()


def public_port(wanted: int) -> int:
    """`wanted` if it is free, a free one for 0, a `SetupError` if it is taken."""
    if wanted == 0:
        return free_ports(1)[0]
    error = _why_taken(wanted)
    if error is None:
        return wanted
    raise SetupError(
        f"port {wanted} can't be used ({error.strerror}); choose another, "
        f"for instance PORT={wanted + 1 if 1023 < wanted < 65535 else 8081}"
    )


def free_ports(count: int) -> list[int]:
    """Different ports that nothing listens on.

    They are none of those that the kernel gives away by itself: until a server listens
    on one, any connection could be given it.
    """
    free: set[int] = set()
    ports = range(_LEAST_FREE_PORT, 65536)
    candidates = sorted(set(ports) - set(_given_by_kernel())) or ports
    random = secrets.SystemRandom()
    while len(free) < count:
        port = random.choice(candidates)
        if port not in free and _why_taken(port) is None:
            free.add(port)
    return list(free)


def _given_by_kernel() -> range:
    """The ports of which the kernel takes one for each connection that it opens."""
    try:
        first, last = map(int, _KERNEL_PORTS.read_text().split())
    except OSError:
        first, last = 49152, 65535  # IANA's, where the kernel does not tell
    return range(first, last + 1)


def _why_taken(port: int) -> OSError | None:
    with socket.socket() as probe:
        # A port that a stopped game has just left can be listened on again.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
            probe.listen()
        except OSError as error:
            return error
    return None


@dataclass(frozen=True, kw_only=True)
class Storage:
    """What the services keep their players in: servers to start, and settings."""

    servers: list[ChildPlan]
    account: dict[str, str] = field(repr=False)
    gacha: dict[str, str] = field(repr=False)


def embedded_storage(data: Path) -> Storage:
    """SQLite files; no server, no cache."""
    return Storage(
        servers=[],
        account={"ACCOUNT_DATABASE_URL": f"sqlite:///{data / 'account.db'}"},
        gacha={"GACHA_DATABASE_URL": f"sqlite:///{data / 'gacha.db'}"},
    )


def full_storage(data: Path) -> Storage:
    """A PostgreSQL with a database for each service, and a Redis for both."""
    postgres_port, redis_port = free_ports(2)
    postgres = prepare_postgres(
        data / "postgres", port=postgres_port, roles=("account", "gacha")
    )
    password = secret_file(
        data / "redis-password", lambda: secrets.token_urlsafe(24)
    ).read_text()
    redis = prepare_redis(data / "redis", port=redis_port, password=password.strip())

    def settings(service: str) -> dict[str, str]:
        return {
            f"{service.upper()}_DATABASE_URL": postgres.url(service),
            "PGPASSFILE": str(postgres.password_file(service)),
            "REDIS_URL": redis.url,
        }

    return Storage(
        servers=[postgres.plan(), redis.plan()],
        account=settings("account"),
        gacha=settings("gacha"),
    )


def game_plans(settings: Settings, variables: Mapping[str, str]) -> list[ChildPlan]:
    """How the processes are started; makes the secrets on first use."""
    data = settings.data
    storage = full_storage(data) if settings.full else embedded_storage(data)
    token = secret_file(data / "service-token", lambda: secrets.token_urlsafe(32))
    payment = secret_file(data / "payment-secret", lambda: secrets.token_urlsafe(32))
    seed = secret_file(data / "server-seed", lambda: secrets.token_hex(32))
    account_port, grpc_port, operation_port, *gacha_ports = free_ports(
        3 + settings.gacha
    )
    account = f"http://{_HOST}:{account_port}"
    discovery = {
        "DISCOVERY_URL": f"grpc://{_HOST}:{grpc_port}",
        "SERVICE_TOKEN_FILE": str(token),
    }
    discovery_environment = {
        "HOST": _HOST,
        "PORT": str(grpc_port),
        "OPERATION_PORT": str(operation_port),
        "SERVICE_TOKEN_FILE": str(token),
    }
    account_environment = {
        **storage.account,
        **discovery,
        "ACCOUNT_KEY_FILE": str(data / "account-signing-key.pem"),
        "PAYMENT_SECRET_FILE": str(payment),
        # Any instance can answer; where this one does not, discovery tells of others.
        "GACHA_URL": f"http://{_HOST}:{gacha_ports[0]}",
    }
    gacha_environment = {
        **storage.gacha,
        **discovery,
        "SERVER_SEED_FILE": str(seed),
        "ACCOUNT_URL": account,
        "JWKS_URL": f"{account}/account/.well-known/jwks.json",
    }
    gateway_environment = {**discovery, "HOST": _HOST, "PORT": str(settings.port)}
    if "REDIS_URL" in storage.gacha:
        gateway_environment["REDIS_URL"] = storage.gacha["REDIS_URL"]

    def plan(name: str, at: str, command: list[str], own: dict[str, str]) -> ChildPlan:
        return ChildPlan(
            name=name,
            command=command,
            folder=_HERE,
            environment={**variables, **own},
            ready_url=f"{at}/readyz",
        )

    def service(name: str, app: str, port: int, own: dict[str, str]) -> ChildPlan:
        address = f"{_HOST}:{port}"
        command = ["-m", "gunicorn", "-b", address, f"{app}.app:create_app()"]
        at = f"http://{address}"
        own = {**own, "INSTANCE_URL": at}
        return plan(name, at, [sys.executable, *command], own)

    def node(name: str, port: int, own: dict[str, str]) -> ChildPlan:
        main = str(_HERE / name / "src" / "main.js")
        return plan(name, f"http://{_HOST}:{port}", ["node", main], own)

    gacha_names = ["gacha", *(f"gacha-{n}" for n in range(2, settings.gacha + 1))]
    return [
        *storage.servers,
        node("discovery", operation_port, discovery_environment),
        service("account", "account", account_port, account_environment),
        *(
            service(name, "gacha", port, gacha_environment)
            for name, port in zip(gacha_names, gacha_ports, strict=True)
        ),
        node("gateway", settings.port, gateway_environment),
    ]


def run_game(
    variables: Mapping[str, str],
    stop: threading.Event,
    *,
    full: bool = False,
    gacha: int = 1,
) -> None:
    """Run it until `stop` is set; a `SetupError` or `StartError` if it can't be."""
    settings = Settings.from_environment(variables, full=full, gacha=gacha)
    check_installed()
    with reserved_folder(settings.data) as lock:
        settings = replace(settings, port=public_port(settings.port))
        address = f"http://{_HOST}:{settings.port}"
        _say(f"starting the game; data and logs are in {settings.data}")

        def greet() -> None:
            print(f"the game answers at {address}; Ctrl-C stops it.", end=" ")
            print("A first session to paste into another terminal:\n")
            print(first_session(address), flush=True)

        keep_running(
            game_plans(settings, variables),
            log_folder=settings.data / "logs",
            stop=stop,
            say=_say,
            on_start=lambda children: note_processes(lock, children),
            on_ready=greet,
            inherited=[lock.fileno()],
        )
        _say("everything is stopped")


def _say(sentence: str) -> None:
    print(f"fairpull: {sentence}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] = ()) -> int:
    """Run the game as the environment says; the exit code."""
    options = argparse.ArgumentParser(prog="supervise.py", allow_abbrev=False)
    options.add_argument("--full", action="store_true", help="PostgreSQL and Redis")
    options.add_argument("--gacha", type=int, default=1, help="how many instances")
    try:
        given = options.parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    # Databases and logs are nobody else's business, whatever folder they are in.
    os.umask(0o077)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    try:
        run_game(os.environ, stop, full=given.full, gacha=given.gacha)
    except (SetupError, StartError) as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
