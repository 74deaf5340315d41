"""Both services in the test's process, on real stores in a temporary folder.

They call each other through `Wire`, which can lose what is sent. Their loops don't
run by themselves: a test calls `settle` or single rounds when it wants them.
"""

from __future__ import annotations

import itertools
import json
import uuid
from pathlib import Path
from typing import Any

import httpx
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from account.app import AccountService
from account.app import create_app as create_account
from account.config import AccountConfig, users_url_beside
from account.payment_provider import PaymentProvider
from account.price import Price
from account.rate_limits import AccountRateLimits
from account.spending_limits import SpendingLimits
from contract import check_answer
from gacha.app import GachaService
from gacha.app import create_app as create_gacha
from gacha.config import PULLS_PER_PLAYER, GachaConfig
from game_processes import NO_RATE_LIMITS
from shared_http.clock import ClockMs, now_ms
from shared_http.crash_points import CrashPoints
from shared_http.settings import Environment

SERVICE_TOKEN = "a-service-token-of-the-tests-only-0123456789"
PAYMENT_SECRET = "a-payment-secret-of-the-tests-only-0123456789"
SERVER_SEED = bytes(range(32))
CURRENCY = "crystal"
PASSWORD = "correct horse battery"
_names = itertools.count(1)


class MovedClock:
    """The time, which a test moves on."""

    def __init__(self, at_ms: int | None = None) -> None:
        self.at_ms = now_ms() if at_ms is None else at_ms

    def __call__(self) -> int:
        return self.at_ms

    def advance(self, ms: int) -> None:
        self.at_ms += ms


class Wire(httpx.BaseTransport):
    """Carries one service's calls to the other, or loses them.

    `lose_requests` and `lose_answers` count down: so many of the next calls fail
    before, or after, the other service did its part.
    """

    def __init__(self) -> None:
        self.to: Flask | None = None
        self.cut = False
        self.lose_requests = 0
        self.lose_answers = 0
        self.paths: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        if self.cut or self.lose_requests > 0:
            self.lose_requests -= 1
            raise httpx.ConnectError("the wire is cut", request=request)
        assert self.to is not None
        answer = httpx.WSGITransport(self.to).handle_request(request)
        if self.lose_answers > 0:
            self.lose_answers -= 1
            raise httpx.ReadTimeout("the answer is lost", request=request)
        return answer


class CheckedClient(FlaskClient):
    """A test client that holds every public answer against the contract."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        path = answer.request.path
        if not path.startswith(("/internal", "/metrics")):
            check_answer(
                answer.request.method,
                path,
                answer.status_code,
                dict(answer.headers),
                answer.data,
            )
        return answer


class Player:
    """A registered player who is logged in."""

    def __init__(self, game: Game, user_id: str, token: str) -> None:
        self.game = game
        self.id = user_id
        self.token = token

    def headers(self, key: str | None = None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}"}
        return headers if key is None else {**headers, "Idempotency-Key": key}

    def buy(self, amount: Any, *, method: Any = "card", key: str | None = None) -> Any:
        return self.game.account.post(
            "/account/buy-currency",
            json={"amount": amount, "paymentMethod": method},
            headers=self.headers(key),
        )

    def pull(self, spent: Any = 160, *, key: str | None = None, **fields: Any) -> Any:
        return self.game.gacha.post(
            "/gacha/pull",
            json={"currencySpent": spent, **fields},
            headers=self.headers(key),
        )

    def balance(self) -> int:
        answer = self.game.account.get("/account/currency", headers=self.headers())
        return int(answer.json["currencyBalance"])

    def history(self, **query: Any) -> Any:
        answer = self.game.gacha.get(
            "/gacha/history", query_string=query, headers=self.headers()
        )
        assert answer.status_code == 200
        return answer.json


class Game:
    """The two services and the wires between them."""

    def __init__(
        self,
        folder: Path,
        banner_folder: Path | None = None,
        *,
        provider: PaymentProvider | None = None,
        clock_ms: ClockMs = now_ms,
        **variables: str,
    ) -> None:
        self.folder = folder
        environment = Environment({**NO_RATE_LIMITS, **variables})
        price = Price.from_environment(environment)
        database_url = f"sqlite:///{folder}/account.db"
        self.to_account, self.to_gacha = Wire(), Wire()
        self.account_app = create_account(
            AccountConfig(
                database_url=database_url,
                users_url=users_url_beside(database_url),
                key_file=folder / "signing-key.pem",
                service_token=SERVICE_TOKEN,
                payment_secret=PAYMENT_SECRET,
                gacha_url="http://gacha",
                crash_points=CrashPoints("", None),
                price=price,
                spending_limits=SpendingLimits.from_environment(
                    environment, currency=price.currency
                ),
                redis_url=environment.redis_url("REDIS_URL"),
                rate_limits=AccountRateLimits.from_environment(environment),
            ),
            sweeping=False,
            gacha_transport=self.to_gacha,
            provider=provider,
            clock_ms=clock_ms,
        )
        self.gacha_app = create_gacha(
            GachaConfig(
                database_url=f"sqlite:///{folder}/gacha.db",
                server_seed=SERVER_SEED,
                service_token=SERVICE_TOKEN,
                account_url="http://account",
                jwks_url="http://account/account/.well-known/jwks.json",
                crash_points=CrashPoints("", None),
                banner_folder=banner_folder,
                display_time_zone=environment.text("DISPLAY_TIME_ZONE", default="UTC"),
                redis_url=environment.redis_url("REDIS_URL"),
                pulls_per_player=PULLS_PER_PLAYER.set_by(
                    environment, "PULL_RATE_PER_PLAYER", default="off"
                ),
            ),
            settling=False,
            account_transport=self.to_account,
        )
        self.to_account.to, self.to_gacha.to = self.account_app, self.gacha_app
        for app in (self.account_app, self.gacha_app):
            app.test_client_class = CheckedClient
        self.account: Any = self.account_app.test_client()
        self.gacha: Any = self.gacha_app.test_client()

    @property
    def account_service(self) -> AccountService:
        service: AccountService = self.account_app.extensions["account"]
        return service

    @property
    def gacha_service(self) -> GachaService:
        service: GachaService = self.gacha_app.extensions["gacha"]
        return service

    def new_player(self, amount: int = 0) -> Player:
        """A player with so much currency, registered and logged in."""
        name = f"player{next(_names)}"
        registered = self.account.post(
            "/account/register",
            json={"username": name, "password": PASSWORD, "email": f"{name}@e.org"},
        )
        logged_in = self.account.post(
            "/account/login", json={"username": name, "password": PASSWORD}
        )
        player = Player(self, registered.json["userId"], logged_in.json["token"])
        if amount:
            assert player.buy(amount, key=str(uuid.uuid4())).status_code == 200
        return player

    def internal(
        self, path: str, body: Any = None, *, token: str = SERVICE_TOKEN
    ) -> Any:
        """A call as the other service makes it."""
        client = self.gacha if "/pulls/" in path else self.account
        return client.post(
            path,
            data=json.dumps(body),
            content_type="application/json",
            headers={"X-Service-Token": token},
        )

    def close(self) -> None:
        self.account_service.close()
        self.gacha_service.close()
