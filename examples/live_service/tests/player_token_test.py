"""Tokens that must open nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from game_in_process import Game, Player

PROTECTED = [
    ("account", "GET", "/account/currency"),
    ("account", "POST", "/account/buy-currency"),
    ("gacha", "POST", "/gacha/pull"),
    ("gacha", "GET", "/gacha/history"),
]


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Forge:
    """Makes tokens from a real one."""

    def __init__(self, player: Player, key_file: Path) -> None:
        self.real = player.token
        self.header: dict[str, Any] = jwt.get_unverified_header(player.token)
        self.claims: dict[str, Any] = jwt.decode(
            player.token, options={"verify_signature": False}
        )
        pem = key_file.read_bytes()
        key = serialization.load_pem_private_key(pem, password=None)
        assert isinstance(key, Ed25519PrivateKey)
        self.key = key

    def signed(self, key: Any = None, **changes: Any) -> str:
        """Signed properly, with claims changed or (None) left out."""
        claims = {**self.claims, **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        header = f"{part(self.header)}.{part(claims)}"
        return f"{header}.{part((key or self.key).sign(header.encode()))}"

    def with_header(self, sign: Callable[[bytes], bytes], **changes: Any) -> str:
        """The claims of the real token under another header."""
        header = f"{part({**self.header, **changes})}.{part(self.claims)}"
        return f"{header}.{part(sign(header.encode()))}"

    def hmac_with_public_key(self, encoding: serialization.Encoding) -> str:
        formats = {
            serialization.Encoding.PEM: serialization.PublicFormat.SubjectPublicKeyInfo,
            serialization.Encoding.Raw: serialization.PublicFormat.Raw,
        }
        secret = self.key.public_key().public_bytes(encoding, formats[encoding])
        return self.with_header(
            lambda message: hmac.digest(secret, message, hashlib.sha256), alg="HS256"
        )


HOUR = 3600
FORGERIES: dict[str, Callable[[Forge], str]] = {
    "expired": lambda forge: forge.signed(exp=int(time.time()) - 1),
    "expired an hour ago": lambda forge: forge.signed(exp=int(time.time()) - HOUR),
    "without expiry": lambda forge: forge.signed(exp=None),
    "issued in the future": lambda forge: forge.signed(iat=int(time.time()) + HOUR),
    "other audience": lambda forge: forge.signed(aud="another-game"),
    "without audience": lambda forge: forge.signed(aud=None),
    "other issuer": lambda forge: forge.signed(iss="somebody"),
    "without issuer": lambda forge: forge.signed(iss=None),
    "without subject": lambda forge: forge.signed(sub=None),
    "subject is a number": lambda forge: forge.signed(sub=7),
    "alg none": lambda forge: forge.with_header(lambda _: b"", alg="none"),
    "alg None": lambda forge: forge.with_header(lambda _: b"", alg="None"),
    "HS256 with the public PEM": lambda forge: forge.hmac_with_public_key(
        serialization.Encoding.PEM
    ),
    "HS256 with the public bytes": lambda forge: forge.hmac_with_public_key(
        serialization.Encoding.Raw
    ),
    "another key": lambda forge: forge.signed(Ed25519PrivateKey.generate()),
    "unknown kid": lambda forge: forge.with_header(forge.key.sign, kid="nobody's"),
    "kid is a path": lambda forge: forge.with_header(forge.key.sign, kid="../key"),
    "kid is a number": lambda forge: forge.with_header(forge.key.sign, kid=1),
    "other player, old signature": lambda forge: ".".join(
        [
            part(forge.header),
            part({**forge.claims, "sub": "u-0"}),
            forge.real.split(".")[2],
        ]
    ),
    "cut short": lambda forge: forge.real[:-8],
    "no token at all": lambda forge: "abc",
    "two dots": lambda forge: "..",
    "header is no object": lambda forge: f"{part([])}.{part({})}.",
}


def send(game: Game, service: str, method: str, path: str, **headers: str) -> Any:
    client = game.account if service == "account" else game.gacha
    body = {"currencySpent": 160} if "pull" in path else None
    if "buy" in path:
        body = {"amount": 100, "paymentMethod": "card"}
    return client.open(path, method=method, json=body, headers=headers)


@pytest.mark.parametrize(("service", "method", "path"), PROTECTED)
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_token_is_refused(
    game: Game, name: str, service: str, method: str, path: str
) -> None:
    player = game.new_player(1000)
    forged = FORGERIES[name](Forge(player, game.folder / "signing-key.pem"))
    answer = send(game, service, method, path, Authorization=f"Bearer {forged}")
    assert answer.status_code == 401
    assert answer.json["type"] == "/problems/invalid-token"
    assert player.balance() == 1000


@pytest.mark.parametrize(("service", "method", "path"), PROTECTED)
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "{token}"])
def test_a_missing_token_is_told_apart(
    game: Game, service: str, method: str, path: str, header: str
) -> None:
    player = game.new_player(1000)
    authorization = header.format(token=player.token)
    answer = send(game, service, method, path, Authorization=authorization)
    assert answer.status_code == 401
    assert answer.json["type"] == "/problems/missing-token"
    assert player.balance() == 1000


def test_the_forge_makes_valid_tokens_when_nothing_is_changed(game: Game) -> None:
    """Or the tests above would pass whatever the services did."""
    player = game.new_player(1000)
    forge = Forge(player, game.folder / "signing-key.pem")
    for token in (forge.signed(), forge.with_header(forge.key.sign)):
        for service, method, path in PROTECTED:
            answer = send(game, service, method, path, Authorization=f"bearer {token}")
            assert answer.status_code == 200


def test_a_token_of_a_player_who_is_gone_opens_nothing(game: Game) -> None:
    forge = Forge(game.new_player(), game.folder / "signing-key.pem")
    token = forge.signed(sub="u-gone")
    for service, method, path in PROTECTED[:2]:
        answer = send(game, service, method, path, Authorization=f"Bearer {token}")
        assert answer.status_code == 401


def test_known_keys_serve_while_account_is_away(game: Game) -> None:
    player = game.new_player(1000)
    assert player.pull().status_code == 200
    game.to_account.cut = True
    assert len(player.history()["pulls"]) == 1


def test_without_ever_having_seen_a_key_gacha_asks_for_patience(game: Game) -> None:
    player = game.new_player()
    game.to_account.cut = True
    answer = game.gacha.get("/gacha/history", headers=player.headers())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    game.to_account.cut = False
    assert player.history()["pulls"] == []


def test_invented_key_ids_don_t_become_calls_to_account(game: Game) -> None:
    player = game.new_player(1000)
    player.pull()
    forge = Forge(player, game.folder / "signing-key.pem")
    before = len(game.to_account.paths)
    for number in range(20):
        token = forge.with_header(forge.key.sign, kid=f"k{number}")
        answer = game.gacha.get(
            "/gacha/history", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 401
    assert len(game.to_account.paths) - before <= 1
