"""What anyone may see before pulling."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from banner_files import STARTER, write_banner
from game_in_process import Game
from shared_http.settings import SettingError

FILE = json.loads(STARTER.read_text())


def test_items_are_those_of_the_banner_file_rarest_first(game: Game) -> None:
    items = game.gacha.get("/gacha/items").json["items"]
    assert {item["id"]: (item["name"], item["type"]) for item in items} == {
        item["id"]: (item["name"], item["type"]) for item in FILE["items"]
    }
    order = ["ultra rare", "super rare", "rare"]
    ranks = [order.index(item["rarity"]) for item in items]
    assert ranks == sorted(ranks)


def test_chances_are_those_of_the_banner_file(game: Game) -> None:
    chances = game.gacha.get("/gacha/rarity-chances").json["chances"]
    assert chances == {"rare": 94.3, "super_rare": 5.1, "ultra_rare": 0.6}


def test_the_exact_odds_add_up_to_one_in_both_sheets(game: Game) -> None:
    odds = game.gacha.get("/gacha/rarity-chances").json["odds"]
    rarities = {each["id"]: Fraction(each["base"]) for each in odds["rarities"]}
    assert rarities == {
        "ultra_rare": Fraction(6, 1000),
        "super_rare": Fraction(51, 1000),
        "rare": Fraction(943, 1000),
    }
    assert sum(Fraction(item["base"]) for item in odds["items"]) == 1
    for rarity, share in rarities.items():
        items = [item for item in odds["items"] if item["rarity"] == rarity]
        assert sum(Fraction(item["base"]) for item in items) == share


def test_a_featured_item_has_half_of_its_rarity(game: Game) -> None:
    odds = game.gacha.get("/gacha/rarity-chances").json["odds"]
    by_id = {item["id"]: Fraction(item["base"]) for item in odds["items"]}
    # Half of 0.6% for the one featured, the other half among five.
    assert by_id["wren-of-the-ninth-lamp"] == Fraction(3, 1000)
    assert by_id["aldric-stormglass"] == Fraction(3, 5000)
    # Half of 5.1% among three featured, the other half among seven.
    assert by_id["osk-tidewarden"] == Fraction(51, 6000)
    assert by_id["glass-compass"] == Fraction(51, 14000)
    assert by_id["oak-buckler"] == Fraction(943, 10000)


def test_the_banner_list_tells_price_and_times(tmp_path: Path) -> None:
    write_banner(
        tmp_path / "a.json",
        id="autumn",
        name="Autumn",
        price={"currency": "crystal", "amount": 200},
        opens="2020-09-01T00:00:00Z",
        closes="2999-12-01T00:00:00Z",
    )
    game = Game(tmp_path, banner_folder=tmp_path)
    autumn, starter = game.gacha.get("/gacha/banners").json["banners"]
    autumn.pop("oddsVersion")
    assert autumn == {
        "id": "autumn",
        "name": "Autumn",
        "currency": "crystal",
        "price": 200,
        "counts": [1, 10],
        "open": True,
        "opensAt": "2020-09-01T00:00:00.000Z",
        "closesAt": "2999-12-01T00:00:00.000Z",
        "timeZone": "UTC",
    }
    odds = game.gacha.get("/gacha/rarity-chances").json["odds"]
    assert starter["oddsVersion"] == odds["oddsVersion"]
    assert (starter["id"], starter["opensAt"], starter["price"]) == (
        "starter",
        None,
        160,
    )
    player = game.new_player(200)
    assert player.pull(200, bannerId="autumn").json["bannerId"] == "autumn"
    game.close()


def test_times_are_told_in_utc_and_named_the_zone_to_show_them_in(
    tmp_path: Path,
) -> None:
    times = {"opens": "2020-01-01T00:00:00Z", "closes": "2020-07-01T00:30:00Z"}
    write_banner(tmp_path / "past.json", id="past", **times)
    game = Game(tmp_path, banner_folder=tmp_path, DISPLAY_TIME_ZONE="Asia/Tokyo")
    past, starter = game.gacha.get("/gacha/banners").json["banners"]
    assert past["closesAt"] == "2020-07-01T00:30:00.000Z"
    assert (past["timeZone"], starter["timeZone"]) == ("Asia/Tokyo", "Asia/Tokyo")
    refused = game.new_player(160).pull(160, bannerId="past").json
    assert refused["closesAt"] == "2020-07-01T00:30:00.000Z"
    assert refused["timeZone"] == "Asia/Tokyo"
    game.close()


def test_of_two_versions_the_one_that_opened_last_is_shown(tmp_path: Path) -> None:
    for year in (2020, 2021, 2999):
        write_banner(
            tmp_path / f"{year}.json",
            id="yearly",
            name=f"Of {year}",
            opens=f"{year}-01-01T00:00:00Z",
            price={"currency": "crystal", "amount": year},
        )
    game = Game(tmp_path, banner_folder=tmp_path)
    banners = game.gacha.get("/gacha/banners").json["banners"]
    shown = {banner["id"]: banner for banner in banners}
    assert shown["yearly"]["name"] == "Of 2021"
    assert game.new_player(2021).pull(2021, bannerId="yearly").status_code == 200
    game.close()


@pytest.mark.parametrize("page", ["items", "rarity-chances"])
@pytest.mark.parametrize("banner", ["sunset", "", "../x", "x" * 1000])
def test_an_unknown_banner_names_the_known_ones(
    game: Game, page: str, banner: str
) -> None:
    answer = game.gacha.get(f"/gacha/{page}", query_string={"banner": banner})
    assert answer.status_code == 404
    assert "starter" in answer.json["detail"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"price": {"currency": "gold", "amount": 1}}, "gold"),
        ({"batches": [1, 5]}, "1 or 10"),
        ({"items": [{**item, "type": "weapon"} for item in FILE["items"]]}, "weapon"),
        (
            {"milestones": [{"at": 30, "gives": {"draws": 10}}]},
            "do not carry out: milestones",
        ),
    ],
)
def test_a_banner_that_doesn_t_fit_the_game_is_refused_at_the_start(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    write_banner(tmp_path / "odd.json", id="odd", **changes)
    with pytest.raises(SettingError, match=said):
        Game(tmp_path, banner_folder=tmp_path)


def test_a_copy_of_the_banner_that_ships_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(STARTER.read_text())
    game = Game(tmp_path, banner_folder=tmp_path)
    (shown,) = game.gacha.get("/gacha/banners").json["banners"]
    assert shown["id"] == "starter"
    assert game.new_player(160).pull().status_code == 200
    game.close()


def test_another_version_of_the_banner_that_ships_is_no_copy(tmp_path: Path) -> None:
    write_banner(
        tmp_path / "mine.json",
        id="starter",
        opens="2020-01-01T00:00:00Z",
        price={"currency": "crystal", "amount": 80},
        family=FILE.get("family", "starter"),
    )
    game = Game(tmp_path, banner_folder=tmp_path)
    (shown,) = game.gacha.get("/gacha/banners").json["banners"]
    assert shown["price"] == 80
    game.close()


def test_a_banner_folder_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="BANNER_PATH"):
        Game(tmp_path, banner_folder=tmp_path / "nowhere")


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_both_services_tell_their_health(game: Game, path: str) -> None:
    assert game.account.get(path).status_code == 200
    assert game.gacha.get(path).status_code == 200
