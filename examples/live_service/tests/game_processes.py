"""The game as real processes on loopback, which a test may kill."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from account.payment_provider import EventKind, Order
from account.sandbox_provider import SandboxProvider
from contract import check_answer
from postgres_process import PostgresProcess
from waiting import until

LIVE_SERVICE = Path(__file__).parents[1]
PASSWORD = "correct horse battery"
READY_LIMIT_S = 30.0
NO_RATE_LIMITS = dict.fromkeys(
    (
        "LOGIN_RATE_PER_USER",
        "LOGIN_RATE_PER_ADDRESS",
        "REGISTER_RATE_PER_ADDRESS",
        "PURCHASE_RATE_PER_PLAYER",
        "PULL_RATE_PER_PLAYER",
    ),
    "off",
)
"""A few players of the tests do what thousands would."""


class Port:
    """A free port of loopback that stays ours while a process on it is restarted.

    It is bound here and not listened on, so that nobody else is given it.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.number}"

    def close(self) -> None:
        self._socket.close()


class Process:
    """One process of the game, started again as often as a test likes."""

    def __init__(
        self, command: list[str], variables: Mapping[str, str], url: str, log: Path
    ) -> None:
        self._command = command
        self.variables = dict(variables)
        self.url = url
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None

    def start(self, **variables: str) -> None:
        """Start it; the given variables hold until it is started again."""
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command,
                cwd=LIVE_SERVICE,
                env={**os.environ, **self.variables, **variables},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Return when it answers that it is ready."""
        until(self._is_ready, within_s=READY_LIMIT_S, what=f"{self.url} ready")

    def kill(self) -> None:
        """kill -9 of the process and all that it started."""
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):  # ended by itself
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()
            self._running = None

    def kill_worker(self) -> bool:
        """kill -9 of one process that serves; gunicorn starts another.

        False if none runs now.
        """
        if self._running is None:
            return False
        master = self._running.pid
        children = Path(f"/proc/{master}/task/{master}/children")
        try:
            workers = children.read_text().split()
            os.kill(int(workers[0]), signal.SIGKILL)
        except (OSError, IndexError):
            return False
        return True

    def start_again_if_ended(self, **variables: str) -> None:
        """What a supervisor does."""
        if self._running is not None and self._running.poll() is not None:
            self.kill()
            self.start(**variables)

    def ask_to_end(self) -> None:
        """Let it finish what runs and end."""
        if self._running is not None:
            self._running.terminate()

    def wait_ended(self) -> int | None:
        """Return its exit code once it has ended."""
        if self._running is None:
            return None
        code = self._running.wait(timeout=20)
        self._running = None
        return code

    def log(self) -> str:
        """What it wrote so far."""
        return self._log.read_text()

    def _is_ready(self) -> bool:
        assert self._running is not None
        if self._running.poll() is not None:
            raise AssertionError(f"ended at the start:\n{self.log()[-2000:]}")
        try:
            answer = httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200


class GameProcesses:
    """Account and gacha under gunicorn, and the gateway if asked for."""

    def __init__(
        self,
        folder: Path,
        *,
        with_gateway: bool = False,
        banner_folder: Path | None = None,
        variant: str | None = None,
        on_postgres: bool = False,
        **variables: str,
    ) -> None:
        """With a `variant`, both are started by `serve.py`: "" is the game as it is.

        The stores are SQLite files, or databases of a server that is started here.
        """
        self.folder = folder
        self._variant = variant
        self._ports = [Port() for _ in range(4)]
        account, gacha, gateway, database = self._ports
        self.account_database = f"sqlite:///{folder}/account.db"
        self.gacha_database = f"sqlite:///{folder}/gacha.db"
        self.postgres: PostgresProcess | None = None
        if on_postgres:
            self.postgres = PostgresProcess(folder, port=database.number)
            self.postgres.start()
            self.account_database = self.postgres.url("account")
            self.gacha_database = self.postgres.url("gacha")
        self.server_seed = secrets.token_bytes(32)
        (folder / "token").write_text(secrets.token_urlsafe(32))
        self.payment_secret = secrets.token_urlsafe(32)
        (folder / "payment").write_text(self.payment_secret)
        (folder / "seed").write_text(self.server_seed.hex())
        shared = {
            "SERVICE_TOKEN_FILE": str(folder / "token"),
            "FAIRPULL_CRASH_ONCE": str(folder / "crashed"),
            **NO_RATE_LIMITS,
            **variables,
        }
        self.account = self._service(
            "account",
            account,
            {
                **shared,
                "ACCOUNT_DATABASE_URL": self.account_database,
                "ACCOUNT_KEY_FILE": str(folder / "signing-key.pem"),
                "PAYMENT_SECRET_FILE": str(folder / "payment"),
                "GACHA_URL": gacha.url,
            },
        )
        self.gacha = self._service(
            "gacha",
            gacha,
            {
                **shared,
                "GACHA_DATABASE_URL": self.gacha_database,
                "SERVER_SEED_FILE": str(folder / "seed"),
                "ACCOUNT_URL": account.url,
                "BANNER_PATH": str(banner_folder or ""),
            },
        )
        self.clients: list[Client] = []
        self.gateway: Process | None = None
        self._urls = {"account": account.url, "gacha": gacha.url}
        if with_gateway:
            self.gateway = self._gateway(gateway)
            self._urls = {"account": gateway.url, "gacha": gateway.url}

    @property
    def crashed(self) -> bool:
        """Whether an armed crash point was reached."""
        return (self.folder / "crashed").exists()

    def processes(self) -> list[Process]:
        both = [self.account, self.gacha]
        return both if self.gateway is None else [*both, self.gateway]

    def start(self, **variables: str) -> None:
        """Start all and return when they are ready."""
        for process in self.processes():
            process.start(**variables)
        for process in self.processes():
            process.wait_ready()

    def url(self, path: str) -> str:
        """Where a client sends a request for that path."""
        service = path.split("/")[1]
        return self._urls.get(service, self._urls["account"]) + path

    def stop(self) -> list[int | None]:
        """End all; their exit codes."""
        for process in self.processes():
            process.ask_to_end()
        codes = [process.wait_ended() for process in self.processes()]
        for port in self._ports:
            port.close()
        return codes

    def kill(self) -> None:
        """Leave nothing running or open, whatever became of the test."""
        for client in self.clients:
            client.close()
        for process in self.processes():
            process.kill()
        if self.postgres is not None:
            self.postgres.remove()
        for port in self._ports:
            port.close()

    def _service(
        self, name: str, port: Port, variables: Mapping[str, str], app: str = ""
    ) -> Process:
        program = ["-m", "gunicorn"]
        if self._variant is not None:
            program = [str(LIVE_SERVICE / "tests" / "serve.py"), self._variant]
        listen = ["-b", f"127.0.0.1:{port.number}"]
        return Process(
            [sys.executable, *program, *listen, f"{app or name}.app:create_app()"],
            {**variables, "INSTANCE_URL": port.url},
            port.url,
            self.folder / f"{name}.log",
        )

    def _gateway_variables(self) -> dict[str, str]:
        """Settings of the gateway; tests come more often than players."""
        return {"RATE_PER_ADDRESS": "off", "RATE_PER_PLAYER": "off"}

    def _gateway(self, port: Port) -> Process:
        variables = {
            "PORT": str(port.number),
            "ACCOUNT_URLS": self._urls["account"],
            "GACHA_URLS": self._urls["gacha"],
            **self._gateway_variables(),
        }
        main = LIVE_SERVICE / "gateway" / "src" / "main.js"
        return Process(
            ["node", str(main)], variables, port.url, self.folder / "gateway.log"
        )


def purchase_body(amount: int) -> dict[str, Any]:
    return {"amount": amount, "paymentMethod": "card"}


class Client:
    """A player's program: sends, checks each answer, and keeps what it was told."""

    def __init__(self, game: GameProcesses, name: str) -> None:
        self._game = game
        self.name = name
        self._http = httpx.Client(timeout=15, trust_env=False)
        game.clients.append(self)
        self.told_pulls: dict[str, dict[str, Any]] = {}
        # What was asked for, and how it was answered: amounts by key of purchases,
        # keys of those that were told to be refunded, ids of pulls that were refused.
        self.asked: dict[str, int] = {}
        self.bought: dict[str, int] = {}
        self.refunded: set[str] = set()
        self.cancelled: set[str] = set()
        self.refused_pulls: set[str] = set()
        registration = {"username": name, "password": PASSWORD, "email": "p@e.org"}
        registered = self.send("POST", "/account/register", registration)
        self.id: str = registered.json()["userId"]
        self.token = ""
        self.log_in(name)

    def log_in(self, name: str) -> None:
        body = {"username": name, "password": PASSWORD}
        self.token = self.send("POST", "/account/login", body).json()["token"]

    def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> httpx.Response:
        """One request; its answer is as the contract has it."""
        if getattr(self, "token", ""):
            headers = {"Authorization": f"Bearer {self.token}", **headers}
        url = self._game.url(path)
        if isinstance(body, bytes):
            headers = {"Content-Type": "application/json", **headers}
            answer = self._http.request(method, url, content=body, headers=headers)
        else:
            answer = self._http.request(method, url, json=body, headers=headers)
        check_answer(
            method,
            path.partition("?")[0],
            answer.status_code,
            answer.headers,
            answer.content,
        )
        return answer

    def insist(
        self, path: str, body: Any, key: str, *, within_s: float = 45
    ) -> httpx.Response:
        """Send the same request until it is decided, as a patient client does."""

        def decided() -> httpx.Response | None:
            answer = self.send_once(path, body, key)
            if answer is None:
                return None
            undecided = answer.status_code >= 500 or (
                answer.status_code == 409
                and answer.json()["type"] == "/problems/request-in-progress"
            )
            return None if undecided else answer

        return until(decided, within_s=within_s, what=f"{path} decided")

    def send_once(self, path: str, body: Any, key: str) -> httpx.Response | None:
        """One try; None if the connection broke."""
        try:
            return self.send("POST", path, body, **{"Idempotency-Key": key})
        except httpx.HTTPError:
            return None

    def buy(self, amount: int, key: str) -> httpx.Response:
        self.asked[key] = amount
        answer = self.insist("/account/buy-currency", purchase_body(amount), key)
        if answer.status_code == 200:
            self.bought[key] = amount
        elif answer.json()["type"] == "/problems/payment-refunded":
            self.cancelled.add(key)
        return answer

    def walk_away_from(self, amount: int, key: str) -> None:
        """Ask once for a purchase and don't care for the answer."""
        self.asked[key] = amount
        self.send_once("/account/buy-currency", purchase_body(amount), key)

    def tell(
        self, kind: EventKind, amount: int, key: str, *, within_s: float = 45
    ) -> None:
        """Be the payment provider: send an event of a purchase until it is taken."""
        provider = SandboxProvider(self._game.payment_secret.encode())
        order = Order(
            player=self.id, key=key, method="card", price=amount, price_currency="USD"
        )

        def taken() -> bool:
            event = provider.event(order, kind, provider.transaction_of(order))
            headers = {"Payment-Signature": event.signature}
            try:
                answer = self.send(
                    "POST", "/account/payments/webhook", event.body, **headers
                )
            except httpx.HTTPError:
                return False
            # Not there yet, where the purchase is on its way.
            assert answer.status_code in (200, 404, 500, 503), answer.text
            return answer.status_code == 200

        until(taken, within_s=within_s, what=f"{kind} of {key} taken in")
        if kind != "payment.succeeded":
            self.refunded.add(key)

    def pull(self, key: str, *, count: int = 1) -> httpx.Response:
        body = {"currencySpent": 160 * count, "count": count}
        answer = self.insist("/gacha/pull", body, key)
        if answer.status_code == 200:
            told = answer.json()
            earlier = self.told_pulls.setdefault(told["pullId"], told)
            assert earlier == told, "a repeated pull was answered differently"
        else:
            self.refused_pulls.add(f"pull:{key}")
        return answer

    def balance(self) -> int:
        answer = self.send("GET", "/account/currency")
        return int(answer.json()["currencyBalance"])

    def close(self) -> None:
        self._http.close()
