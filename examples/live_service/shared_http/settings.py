"""Configuration from the environment, refused with a sentence where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEFAULT_CURRENCY = "crystal"
"""What players buy and banners cost; both services must be told the same."""

_SHORTEST_SHARED_SECRET = 32


_REDIS_URL = re.compile(r"redis://(?:[^\s/@]*:[^\s/@]+@)?[^\s/@?#]+(?:/[0-9]*)?")


class SettingError(Exception):
    """A setting is missing or can't be used; the message names it."""


class Environment:
    """Reads settings out of environment variables.

    >>> environment = Environment({"SWEEP_EVERY_MS": "250"})
    >>> environment.milliseconds("SWEEP_EVERY_MS", default=5000)
    250
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str, *, default: str) -> str:
        """Return the variable's value, or `default` if it is unset or empty."""
        return self._variables.get(name) or default

    def required(self, name: str, *, example: str) -> str:
        """Return the variable's value; a `SettingError` with `example` without one."""
        value = self._variables.get(name)
        if not value:
            raise SettingError(f"{name} is not set; set it, for instance to {example}")
        return value

    def path(self, name: str, *, example: str) -> Path:
        """Return the variable's value as a path."""
        return Path(self.required(name, example=example))

    def optional_path(self, name: str) -> Path | None:
        """Return the variable's value as a path, or None if it is unset or empty."""
        value = self._variables.get(name)
        return Path(value) if value else None

    def redis_url(self, name: str) -> str | None:
        """Return the variable's value, None if unset; it may hold a password.

        >>> Environment({"REDIS_URL": "redis://10.0.0.5:6379"}).redis_url("REDIS_URL")
        'redis://10.0.0.5:6379'
        """
        value = self._variables.get(name)
        if not value:
            return None
        if not _REDIS_URL.fullmatch(value):
            raise SettingError(
                f"{name} must be redis://[user:password@]host[:port][/database] (more "
                "hosts after commas are nodes of one cluster)"
            )
        return value

    def milliseconds(self, name: str, *, default: int) -> int:
        """Return a whole positive number of milliseconds."""
        value = self._variables.get(name)
        if not value:
            return default
        if not value.isascii() or not value.isdigit() or int(value) == 0:
            raise SettingError(
                f"{name} must be a positive whole number of milliseconds, not {value!r}"
            )
        return int(value)

    def count(self, name: str, *, default: int) -> int:
        """Return a whole number from 1 to 1000."""
        return self.whole_number(name, default=default, least=1, most=1000)

    def whole_number(self, name: str, *, default: int, least: int, most: int) -> int:
        """Return a whole number of that range."""
        value = self._variables.get(name)
        if not value:
            return default
        is_number = value.isascii() and value.isdigit() and len(value) <= 18
        if not is_number or not least <= int(value) <= most:
            raise SettingError(
                f"{name} must be a whole number from {least} to {most}, not {value!r}"
            )
        return int(value)

    def words(self, name: str, *, default: tuple[str, ...]) -> tuple[str, ...]:
        """Return a comma-separated list."""
        value = self._variables.get(name)
        if not value:
            return default
        return tuple(word.strip() for word in value.split(",") if word.strip())


def time_zone(zone: str, *, what: str) -> ZoneInfo:
    """Return the time zone of that name; a `SettingError` about `what` without one.

    >>> time_zone("Asia/Tokyo", what="SPENDING_TIME_ZONE").key
    'Asia/Tokyo'
    """
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(
            f"{what} must be a time zone of IANA, like 'Europe/Berlin', not {zone!r}"
        ) from None


def read_secret(path: Path, *, what: str) -> str:
    """Return the text of a secret's file, without the white space around it."""
    try:
        return path.read_text("ascii").strip()
    except OSError as error:
        raise SettingError(f"{what}: {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingError(f"{what}: {path} is not plain text") from None


def read_shared_secret(path: Path, *, what: str) -> str:
    """As `read_secret`, for one by which two programs know each other."""
    secret = read_secret(path, what=what)
    if len(secret) < _SHORTEST_SHARED_SECRET:
        raise SettingError(
            f"{what}: {path} must hold at least {_SHORTEST_SHARED_SECRET} characters"
        )
    return secret
