"""`REDIS_URL`: where the cache is, which a service can do without."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from account.config import AccountConfig
from gacha.config import GachaConfig
from shared_http.settings import Environment, SettingError

LIVE_SERVICE = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "url",
    [
        "redis://h",
        "redis://10.0.0.5:6379/1",
        "redis://:secret@h",
        "redis://u:secret@[::1]:7000",
        "redis://a:1,b:2",
    ],
)
def test_it_is_taken_as_it_is(url: str) -> None:
    assert Environment({"REDIS_URL": url}).redis_url("REDIS_URL") == url


@pytest.mark.parametrize(
    "url",
    [
        "10.0.0.5",
        "http://h",
        "rediss://:secret@h",
        "redis://",
        "redis://u:secret@",
        "redis://h/secret",
        "redis://h?secret=1",
        "redis://:se cret@h",
    ],
)
def test_another_form_is_refused_in_a_sentence_without_it(url: str) -> None:
    with pytest.raises(SettingError, match="REDIS_URL must be redis://") as refused:
        Environment({"REDIS_URL": url}).redis_url("REDIS_URL")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("variables", [{}, {"REDIS_URL": ""}])
def test_without_it_there_is_no_cache(variables: dict[str, str]) -> None:
    assert Environment(variables).redis_url("REDIS_URL") is None


@pytest.mark.parametrize("config", [AccountConfig, GachaConfig])
def test_it_is_not_shown_with_the_other_settings(config: type) -> None:
    shown = {field.name: field.repr for field in fields(config)}
    assert shown["redis_url"] is False


def test_a_service_that_is_told_a_wrong_one_ends_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("0f" * 32)
    secret = str(tmp_path / "secret")
    ended = subprocess.run(
        [sys.executable, "-c", "from gacha.app import create_app; create_app()"],
        cwd=LIVE_SERVICE,
        env={
            **os.environ,
            "GACHA_DATABASE_URL": "memory:",
            "SERVER_SEED_FILE": secret,
            "SERVICE_TOKEN_FILE": secret,
            "ACCOUNT_URL": "http://127.0.0.1:1",
            # Well-formed at a glance; the module knows that there is no such port.
            "REDIS_URL": "redis://:sesame@127.0.0.1:70000",
        },
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 3
    assert ended.stderr.startswith("gacha can't start: the url of Redis can't be read")
    assert "sesame" not in ended.stderr
