"""Banners that come, change and go while the gacha service runs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from banner_files import write_banner
from gacha.sockets.banner_watch import changes
from game_in_process import Game
from shared_http.clock import rfc3339

FAR_FUTURE_MS = 4_000_000_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "banners"
    folder.mkdir()
    return folder


@pytest.fixture
def game(tmp_path: Path, folder: Path) -> Iterator[Game]:
    game = Game(tmp_path, banner_folder=folder)
    yield game
    game.close()


def look(game: Game) -> None:
    assert game.gacha_service.banner_folder is not None
    game.gacha_service.banner_folder.look()


def ids(game: Game) -> list[str]:
    return [each["id"] for each in game.gacha.get("/gacha/banners").json["banners"]]


def at(seconds_from_now: float) -> str:
    return rfc3339(time.time_ns() // 1_000_000 + round(seconds_from_now * 1000))


def test_a_new_banner_is_shown_and_pulled_without_a_restart(
    game: Game, folder: Path
) -> None:
    player = game.new_player(1000)
    assert player.pull(bannerId="autumn").status_code == 404
    write_banner(folder / "autumn.json", id="autumn")
    assert ids(game) == ["starter"]
    look(game)
    assert ids(game) == ["autumn", "starter"]
    assert player.pull(bannerId="autumn", key="k").json["bannerId"] == "autumn"


def test_a_file_that_is_wrong_changes_nothing_and_is_told(
    game: Game, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_banner(folder / "autumn.json", id="autumn")
    look(game)
    (folder / "broken.json").write_text('{"id": "broken"}')
    write_banner(folder / "winter.json", id="winter")
    look(game)
    assert ids(game) == ["autumn", "starter"]
    logged = capsys.readouterr().err
    assert "the folder's banners are refused" in logged
    assert "broken.json" in logged
    # Looked at again, it is not told again; mended, all of it comes.
    look(game)
    assert "refused" not in capsys.readouterr().err
    (folder / "broken.json").unlink()
    look(game)
    assert ids(game) == ["autumn", "starter", "winter"]


def test_what_began_on_a_version_is_finished_on_it(game: Game, folder: Path) -> None:
    write_banner(folder / "v1.json", id="autumn", opens=at(-3600))
    look(game)
    player = game.new_player(2000)
    player.history()
    game.to_account.cut = True
    assert player.pull(160, bannerId="autumn", key="old").status_code == 503
    price = {"currency": "crystal", "amount": 200}
    write_banner(folder / "v2.json", id="autumn", opens=at(-1), price=price)
    # Even where the operator takes the old file away at once.
    (folder / "v1.json").unlink()
    look(game)
    game.to_account.cut = False
    assert player.pull(160, bannerId="autumn", key="new").status_code == 400
    assert player.pull(200, bannerId="autumn", key="new").status_code == 200
    assert player.pull(160, bannerId="autumn", key="old").status_code == 200
    costs = [row["currencySpent"] for row in player.history()["pulls"]]
    assert sorted(costs) == [160, 200]
    assert player.balance() == 2000 - 360


def test_a_closed_banner_refuses_and_a_live_one_is_never_edited(
    game: Game, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    player = game.new_player(1000)
    write_banner(folder / "past.json", id="past", opens=at(-60), closes=at(-1))
    write_banner(folder / "live.json", id="live", opens=at(-3600))
    look(game)
    refused = player.pull(bannerId="past")
    assert refused.status_code == 409
    assert refused.json["type"] == "/problems/banner-closed"
    odds = game.gacha.get("/gacha/rarity-chances?banner=live").json
    text = (folder / "live.json").read_text()
    (folder / "live.json").write_text(text.replace('"0.6%"', '"0.5%"'))
    assert text != (folder / "live.json").read_text()
    look(game)
    assert "refused" in capsys.readouterr().err
    assert game.gacha.get("/gacha/rarity-chances?banner=live").json == odds


def test_one_that_has_not_opened_may_be_mended(game: Game, folder: Path) -> None:
    price = {"currency": "crystal", "amount": 320}
    write_banner(folder / "next.json", id="next", opens=at(3600))
    look(game)
    opens = game.gacha.get("/gacha/banners").json["banners"][0]["opensAt"]
    write_banner(folder / "next.json", id="next", opens=opens, price=price)
    os.utime(folder / "next.json", (1, 1))
    look(game)
    (shown,) = (
        each
        for each in game.gacha.get("/gacha/banners").json["banners"]
        if each["id"] == "next"
    )
    assert shown["price"] == 320


def test_players_are_told_of_a_banner_that_came() -> None:
    open_now = {"id": "autumn", "open": True}
    later = {"id": "winter", "open": False}
    assert changes({}, {"autumn": open_now, "winter": later}) == [
        ("banner_opened", open_now),
        ("banner_changed", later),
    ]
