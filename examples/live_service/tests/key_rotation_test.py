"""Signing keys that change while tokens of the old ones are still good."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from account.key_files import next_key_file, retired_keys_folder, rotate
from account.key_ring import KeyRing
from account.signing_key import (
    load_or_make_signing_key,
    load_signing_key,
    public_jwk,
)
from gacha.signing_keys import SigningKeys
from game_in_process import PASSWORD, Game, MovedClock, Player
from shared_http.problems import Problem
from shared_http.settings import SettingError

LIVE_SERVICE = Path(__file__).parents[1]
LIFETIME_MS = 15 * 60 * 1000
MARGIN_MS = 60 * 1000


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def rotating(tmp_path: Path, clock: MovedClock) -> Iterator[Game]:
    game = Game(tmp_path, clock_ms=clock)
    yield game
    game.close()


def key_file(game: Game) -> Path:
    return game.folder / "signing-key.pem"


def rotate_now(game: Game, clock: MovedClock, *, revoke: bool = False) -> None:
    """Rotate, and be in the second after it."""
    rotate(key_file(game), revoke=revoke, clock_ms=clock)
    clock.advance(1000)


def kid(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def kid_of(file: Path) -> str:
    return public_jwk(load_signing_key(file).public_key())["kid"]


def published(game: Game) -> list[str]:
    answer = game.account.get("/account/.well-known/jwks.json")
    return [key["kid"] for key in answer.json["keys"]]


def log_in_again(player: Player, name: str) -> str:
    body = {"username": name, "password": PASSWORD}
    return str(player.game.account.post("/account/login", json=body).json["token"])


def statuses(game: Game, token: str) -> tuple[int, int]:
    """What the account and the gacha service say to the token."""
    headers = {"Authorization": f"Bearer {token}"}
    return (
        game.account.get("/account/currency", headers=headers).status_code,
        game.gacha.get("/gacha/history", headers=headers).status_code,
    )


def new_token(game: Game, name: str) -> str:
    body = {"username": name, "password": PASSWORD}
    game.account.post("/account/register", json={**body, "email": "a@e.org"})
    return str(game.account.post("/account/login", json=body).json["token"])


def test_a_rotation_changes_who_signs_and_breaks_no_token(
    rotating: Game, clock: MovedClock
) -> None:
    old = new_token(rotating, "aster")
    first, second = published(rotating)
    assert kid(old) == first
    assert statuses(rotating, old) == (200, 200)

    rotate_now(rotating, clock)
    new = new_token(rotating, "bryony")
    # The one that signs, the next, the retired one.
    assert published(rotating)[::2] == [second, first]
    assert kid(new) == second
    for token in (old, new):
        assert statuses(rotating, token) == (200, 200)
    # Gacha knew the new key from when it was the next one.
    assert rotating.to_account.paths.count("/account/.well-known/jwks.json") == 1


def test_a_retired_key_is_published_as_long_as_its_tokens_last(
    rotating: Game, clock: MovedClock
) -> None:
    first = published(rotating)[0]
    rotate_now(rotating, clock)
    clock.advance(LIFETIME_MS + MARGIN_MS - 2000)
    assert first in published(rotating)
    clock.advance(2000)
    assert first not in published(rotating)
    # Its file goes with the next rotation.
    folder = retired_keys_folder(key_file(rotating))
    assert [file.stem for file in folder.iterdir()] == [first]
    second = published(rotating)[0]
    rotate_now(rotating, clock)
    assert [file.stem for file in folder.iterdir()] == [second]


def test_three_rotations_in_a_row_keep_all_their_tokens(
    rotating: Game, clock: MovedClock
) -> None:
    tokens = [new_token(rotating, "aster")]
    for name in ("bryony", "cedar", "daisy"):
        rotate_now(rotating, clock)
        tokens.append(new_token(rotating, name))
    assert len({kid(token) for token in tokens}) == 4
    assert len(published(rotating)) == 5
    # Gacha asks at most once a second for what it does not know.
    rotating.gacha_service.signing_keys._tried_at = float("-inf")
    for token in reversed(tokens):
        assert statuses(rotating, token) == (200, 200)


def test_a_revoked_key_s_tokens_are_refused(rotating: Game, clock: MovedClock) -> None:
    old = new_token(rotating, "aster")
    assert statuses(rotating, old) == (200, 200)
    rotate_now(rotating, clock, revoke=True)
    assert kid(old) not in published(rotating)
    account, gacha = statuses(rotating, old)
    # Gacha still goes by what it fetched less than five minutes ago.
    assert (account, gacha) == (401, 200)
    rotating.gacha_service.signing_keys._fetched_at -= 300
    rotating.gacha_service.signing_keys._tried_at -= 300
    assert statuses(rotating, old) == (401, 401)


def test_a_key_that_is_placed_by_hand_is_published_and_then_signs(
    rotating: Game, clock: MovedClock
) -> None:
    after = next_key_file(key_file(rotating))
    after.unlink()
    placed = kid_of_new_key(after)
    clock.advance(1000)
    assert published(rotating)[1] == placed
    rotate_now(rotating, clock)
    assert kid(new_token(rotating, "aster")) == placed


def kid_of_new_key(file: Path) -> str:
    return public_jwk(load_or_make_signing_key(file).public_key())["kid"]


def test_an_unusable_file_changes_nothing_and_is_told_once(
    tmp_path: Path, clock: MovedClock, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "key.pem"
    ring = KeyRing(file, clock_ms=clock)
    before = ring.published()
    next_key_file(file).chmod(0o644)
    for _ in range(3):
        clock.advance(1000)
        assert ring.published() == before
    said = capfd.readouterr()
    assert (said.out + said.err).count("signing keys not read") == 1
    next_key_file(file).chmod(0o600)
    rotate(file, clock_ms=clock)
    clock.advance(1000)
    assert ring.signing_key().id == before[1]["kid"]


def test_files_are_read_once_a_second(
    tmp_path: Path, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = KeyRing(tmp_path / "key.pem", clock_ms=clock)
    reads: list[int] = []
    read = ring._read
    monkeypatch.setattr(ring, "_read", lambda: reads.append(clock()) or read())
    for _ in range(30):
        ring.find("nobody's")
        clock.advance(100)
    assert len(reads) == 2


def test_a_public_key_is_never_more_than_that(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    ring = KeyRing(file)
    rotate(file)
    for retired in retired_keys_folder(file).iterdir():
        assert b"PRIVATE" not in retired.read_bytes()
        assert retired.stat().st_mode & 0o077 == 0
    assert next_key_file(file).stat().st_mode & 0o077 == 0
    assert all("d" not in key for key in ring.published())


def test_rotations_at_once_lose_no_key(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    KeyRing(file)
    signed_by = {kid_of(file)}
    barrier = Barrier(8)

    def go(_: int) -> None:
        barrier.wait(30)
        rotate(file)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(go, range(8)))
    retired = {each.stem for each in retired_keys_folder(file).iterdir()}
    assert len(retired) == 8
    assert signed_by <= retired
    assert kid_of(file) not in retired


@pytest.mark.parametrize("broken", ["key.pem", "key.next.pem"])
def test_a_rotation_with_a_broken_file_changes_nothing(
    tmp_path: Path, broken: str
) -> None:
    file = tmp_path / "key.pem"
    KeyRing(file)
    (tmp_path / broken).write_text("no key")
    before = {each: each.read_bytes() for each in tmp_path.iterdir()}
    with pytest.raises(SettingError, match=broken.replace(".", r"\.")):
        rotate(file)
    assert {each: each.read_bytes() for each in tmp_path.iterdir()} == before


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "account.rotate_key", *arguments],
        cwd=LIVE_SERVICE,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_rotates_and_says_what_signs(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    ring = KeyRing(file)
    after = ring.published()[1]["kid"]
    done = command(ACCOUNT_KEY_FILE=str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"signs now: {after}" in done.stdout
    assert kid_of(next_key_file(file)) in done.stdout
    assert len(list(retired_keys_folder(file).iterdir())) == 1
    assert command("--revoke", ACCOUNT_KEY_FILE=str(file)).returncode == 0
    assert len(list(retired_keys_folder(file).iterdir())) == 1


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    unset = command(ACCOUNT_KEY_FILE="")
    assert unset.returncode == 1
    assert "ACCOUNT_KEY_FILE is not set" in unset.stderr
    nowhere = command(ACCOUNT_KEY_FILE=str(tmp_path / "key.pem"))
    assert nowhere.returncode == 1
    assert "No such file" in nowhere.stderr
    assert list(tmp_path.iterdir()) == []


class KeySource(httpx.BaseTransport):
    """Serves keys, or fails; counts how often it was asked."""

    def __init__(self) -> None:
        self.keys: list[dict[str, str]] = []
        self.asked = 0
        self.away = False
        self.go_on = Event()
        self.go_on.set()

    def add(self) -> str:
        jwk = public_jwk(Ed25519PrivateKey.generate().public_key())
        self.keys.append(jwk)
        return jwk["kid"]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        assert self.go_on.wait(30)
        if self.away:
            raise httpx.ConnectError("away", request=request)
        return httpx.Response(200, json={"keys": self.keys})


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def source() -> KeySource:
    return KeySource()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def fetched(source: KeySource, seconds: Seconds) -> Iterator[SigningKeys]:
    keys = SigningKeys("http://account/keys", transport=source, clock_s=seconds)
    yield keys
    keys.close()


def test_invented_key_ids_ask_once_a_second(
    source: KeySource, seconds: Seconds, fetched: SigningKeys
) -> None:
    known = source.add()
    for number in range(100):
        seconds.now += 0.1
        assert fetched.find(f"k{number}") is None
        assert fetched.find(known) is not None
    assert 9 <= source.asked <= 11
    # A new one is found within a second of that.
    new = source.add()
    seconds.now += 1.0
    assert fetched.find(new) is not None


def test_a_crowd_without_any_key_asks_once(
    source: KeySource, fetched: SigningKeys
) -> None:
    """All of it waits for one answer instead of asking one after the other."""
    source.away = True
    source.go_on.clear()
    started = Barrier(9)

    def find(_: int) -> int:
        started.wait(30)
        with pytest.raises(Problem) as refused:
            fetched.find("k")
        return refused.value.status

    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(find, range(8))
        started.wait(30)
        source.go_on.set()
        assert list(answers) == [503] * 8
    assert source.asked == 1


def test_a_key_that_is_published_no_more_is_forgotten_in_five_minutes(
    source: KeySource, seconds: Seconds, fetched: SigningKeys
) -> None:
    known, gone = source.add(), source.add()
    assert fetched.find(gone) is not None
    del source.keys[1]
    seconds.now += 299
    assert fetched.find(gone) is not None
    seconds.now += 1
    assert fetched.find(gone) is None
    assert fetched.find(known) is not None


def test_old_keys_serve_while_account_is_away_and_it_is_asked_seldom(
    source: KeySource, seconds: Seconds, fetched: SigningKeys
) -> None:
    known = source.add()
    assert fetched.find(known) is not None
    source.away = True
    for _ in range(600):
        seconds.now += 1
        assert fetched.find(known) is not None
    # Once at the start, then every 30 s from the fifth minute on.
    assert source.asked == 1 + 11


def test_who_finds_a_fetch_under_way_goes_by_what_is_known(
    source: KeySource, seconds: Seconds, fetched: SigningKeys
) -> None:
    known = source.add()
    assert fetched.find(known) is not None
    seconds.now += 300
    source.go_on.clear()
    with ThreadPoolExecutor(1) as threads:
        slow: Any = threads.submit(fetched.find, known)
        while source.asked < 2:
            pass
        assert fetched.find(known) is not None
        assert not slow.done()
        source.go_on.set()
        assert slow.result() is not None
