"""Makes the secrets of a game in containers, for each what it may read.

    python make_secrets.py FOLDER

`FOLDER/kept` holds each secret once; it is made on first use and never changed. Every
other folder is the volume of one container and gets copies of those it needs, owned by
the user that it runs as. `compose.yaml` runs this before everything else.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from private_files import write_private

GAME_USER = 10001
"""Whom the game's own images run as."""

SERVER_USER = 999
"""Whom the images of PostgreSQL and Redis run as."""


def secret_of(kept: Path, name: str, make: Callable[[], str]) -> str:
    """Return the secret of that name, made now if there is none."""
    file = kept / name
    if not file.exists():
        write_private(file, make())
    return file.read_text()


def files_of_all(kept: Path) -> Mapping[str, tuple[int, Mapping[str, str]]]:
    """By folder: whose it is, and its files with their texts."""

    def password(name: str) -> str:
        return secret_of(kept, name, lambda: secrets.token_urlsafe(32))

    token = password("service-token")
    redis = password("redis-password")
    databases = {name: password(f"{name}-password") for name in ("account", "gacha")}
    seed = secret_of(kept, "server-seed", lambda: secrets.token_hex(32))

    def of_service(name: str, own: Mapping[str, str]) -> Mapping[str, str]:
        return {
            "service-token": token,
            "redis-password": redis,
            "pgpass": f"{name}-db:5432:{name}:{name}:{databases[name]}\n",
            **own,
        }

    account = of_service("account", {"payment-secret": password("payment-secret")})
    gacha = of_service("gacha", {"server-seed": seed})
    return {
        "account": (GAME_USER, account),
        "gacha": (GAME_USER, gacha),
        "gateway": (GAME_USER, {"service-token": token, "redis-password": redis}),
        "discovery": (GAME_USER, {"service-token": token}),
        "account-db": (SERVER_USER, {"password": databases["account"]}),
        "gacha-db": (SERVER_USER, {"password": databases["gacha"]}),
        "redis": (
            SERVER_USER,
            {"password": redis, "redis.conf": f"requirepass {redis}\n"},
        ),
    }


def make_secrets(folder: Path, *, own: Callable[[Path, int], None]) -> None:
    """Fill the folders; `own` gives a file or folder to a user."""
    kept = folder / "kept"
    kept.mkdir(mode=0o700, exist_ok=True)
    for name, (user, files) in files_of_all(kept).items():
        place = folder / name
        place.mkdir(exist_ok=True)
        for file, text in files.items():
            # Not again under the eyes of who reads it just now.
            if (place / file).exists() and (place / file).read_text() == text:
                continue
            write_private(place / file, text)
            own(place / file, user)
        place.chmod(0o700)
        own(place, user)


def main(arguments: list[str]) -> int:
    """Fill the one folder that is named; the exit code."""
    if len(arguments) != 1:
        print("make_secrets.py takes one folder", file=sys.stderr)
        return 2
    make_secrets(Path(arguments[0]), own=lambda path, user: os.chown(path, user, user))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
