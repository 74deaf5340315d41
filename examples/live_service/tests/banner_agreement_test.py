"""Processes with a folder of banners each, which agree over Redis."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fairpull
from banner_files import write_banner
from gacha import banner_agreement, banner_folder
from gacha.banner_agreement import RedisAgreement
from gacha.banner_folder import BannerFolder
from gacha.showcase import Showcase, load_banners
from game_in_process import CURRENCY, Game
from redis_of_tests import LocalRedis
from shared_http.request_context import configure_logs
from waiting import until


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    """What the services log, from here on."""
    configure_logs("gacha")
    return capsys


class _Desk:
    """Stands for the pulls, which take any catalog."""

    def use(self, catalog: fairpull.Catalog) -> None:
        self.catalog = catalog


class Process:
    """One process's folder, and what it shows."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir()
        self.folder = folder
        banners = load_banners(folder)
        self._showcase = Showcase(banners, currency=CURRENCY)
        desk: Any = _Desk()
        self._banners = BannerFolder(
            folder,
            banners,
            desk=desk,
            showcase=self._showcase,
            agreement=RedisAgreement(url),
        )

    def gets(self, name: str, **changes: Any) -> None:
        write_banner(self.folder / f"{name}.json", id=name, **changes)

    def shows(self) -> list[str]:
        """What it shows after another look."""
        self._banners.look()
        return [banner.id for banner in self._showcase.banners]

    def close(self) -> None:
        self._banners.close()


@pytest.fixture
def two(tmp_path: Path, redis: LocalRedis) -> Iterator[tuple[Process, Process]]:
    both = Process(tmp_path / "a", redis.url), Process(tmp_path / "b", redis.url)
    for each in both:
        assert each.shows() == ["starter"]
    yield both
    for each in both:
        each.close()


def test_a_banner_is_served_when_all_have_it(two: tuple[Process, Process]) -> None:
    one, other = two
    one.gets("autumn")
    assert one.shows() == one.shows() == other.shows() == ["starter"]
    other.gets("autumn")
    assert other.shows() == one.shows() == ["autumn", "starter"]


def test_one_that_refuses_holds_it_back_for_all(
    two: tuple[Process, Process],
    monkeypatch: pytest.MonkeyPatch,
    logs: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(banner_folder, "_PATIENCE_S", 0.0)
    one, other = two
    for each in two:
        each.gets("autumn")
    other.gets("dear", price={"currency": "gold", "amount": 1})
    assert other.shows() == one.shows() == ["starter"]
    logged = logs.readouterr().err
    assert "'dear' costs gold" in logged
    assert "another process has other banners" in logged
    (other.folder / "dear.json").unlink()
    assert other.shows() == one.shows() == ["autumn", "starter"]


def test_what_waited_is_given_up_when_the_folder_goes_wrong(
    two: tuple[Process, Process],
) -> None:
    one, other = two
    one.gets("autumn")
    assert one.shows() == ["starter"]
    one.gets("dear", price={"currency": "gold", "amount": 1})
    other.gets("autumn")
    assert one.shows() == other.shows() == one.shows() == ["starter"]


def test_a_process_that_ended_is_not_waited_for(two: tuple[Process, Process]) -> None:
    one, other = two
    one.gets("autumn")
    assert one.shows() == ["starter"]
    other.close()
    assert one.shows() == ["autumn", "starter"]


def test_a_process_that_was_killed_is_soon_not_waited_for(
    tmp_path: Path, redis: LocalRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(banner_agreement, "LASTS_MS", 300)
    one, killed = Process(tmp_path / "a", redis.url), Process(tmp_path / "b", redis.url)
    killed.shows()
    one.gets("autumn")
    assert one.shows() == ["starter"]
    began = time.monotonic()
    until(lambda: one.shows() == ["autumn", "starter"], within_s=5, what="autumn shown")
    assert time.monotonic() - began > 0.1
    one.close()


def test_without_redis_each_goes_by_its_own_folder(
    two: tuple[Process, Process],
    redis: LocalRedis,
    logs: pytest.CaptureFixture[str],
) -> None:
    one, other = two
    redis.signal(signal.SIGSTOP)
    try:
        one.gets("autumn")
        assert one.shows() == ["autumn", "starter"]
        assert other.shows() == ["starter"]
        one.shows()
    finally:
        redis.signal(signal.SIGCONT)
    logged = logs.readouterr().err
    assert logged.count("banners are not agreed on") == 2, "once by each"
    # What is served is not taken back; the next change waits for both again.
    assert one.shows() == ["autumn", "starter"]
    other.gets("autumn")
    assert other.shows() == ["autumn", "starter"]
    one.gets("winter")
    assert one.shows() == ["autumn", "starter"]


def test_the_service_agrees_where_it_has_a_redis(
    tmp_path: Path, redis: LocalRedis
) -> None:
    (tmp_path / "b").mkdir()
    folder = tmp_path / "a"
    folder.mkdir()
    game = Game(tmp_path / "b", banner_folder=folder, REDIS_URL=redis.url)
    other = Process(tmp_path / "c", redis.url)
    assert other.shows() == ["starter"]
    write_banner(folder / "autumn.json", id="autumn")
    assert game.gacha_service.banner_folder is not None
    game.gacha_service.banner_folder.look()
    assert len(game.gacha.get("/gacha/banners").json["banners"]) == 1
    other.gets("autumn")
    assert other.shows() == ["autumn", "starter"]
    game.gacha_service.banner_folder.look()
    assert len(game.gacha.get("/gacha/banners").json["banners"]) == 2
    game.close()
    other.close()
