"""What is asked: of which banner, towards which goal, from which state."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from answers import Answer, box, hearthstone
from chain import ROOT, shipped
from long_run import RULED
from reference import Reference


@dataclass
class Case:
    """What is asked, and how it is answered."""

    name: str
    banner: str
    goal: str = ""
    copies: int = 1
    state: dict[str, int] = field(default_factory=dict)
    batch: int | None = None
    pulls: int | None = None  # for hits in so many
    keep: tuple[str, ...] = ()
    ruled: bool = False  # whether the batch's rules matter to the goal
    edits: dict[str, Any] = field(default_factory=dict)  # JSON pointer to value
    file: dict | None = None  # a banner that does not ship
    by_hand: Callable[[], Answer] | None = None
    hit_by_hit: tuple[str, int, int] | None = None  # rarity, length, step

    def spec(self) -> dict:
        """The banner's file with the edits."""
        spec = self.file or json.loads(shipped(self.banner))
        return edited(spec, self.edits)


def edited(spec: dict, edits: dict[str, Any]) -> dict:
    """A banner file with the values at some JSON pointers put in their place."""
    spec = copy.deepcopy(spec)
    for pointer, value in edits.items():
        *path, last = pointer.split("/")[1:]
        at: Any = spec
        for key in path:
            at = at[int(key)] if isinstance(at, list) else at[key]
        at[int(last) if isinstance(at, list) else last] = value
    return spec


def kept(rarity: str, *names: str) -> tuple[str, ...]:
    """Counters of one rarity."""
    return tuple(f"{name}:{rarity}" for name in names)


S5 = kept("5-star", "pity", "guarantee")
S6 = kept("6-star", "pity", "guarantee")
RADIANCE = (*S5, "losses:5-star")
FATE = (*S5, "fate:5-star", "chosen:5-star")
FOUR = (*kept("5-star", "pity"), *kept("4-star", "pity"))
FOUR_UP = (*FOUR, "guarantee:4-star")
RANK_S = kept("s-rank", "pity", "guarantee")
RANK_A = ("pity:s-rank", "pity:a-rank", "guarantee:a-rank")
WITHIN = kept("6-star", "pity", "featured_pity")
ENDFIELD = (*WITHIN, "featured_spent:6-star", "milestone:1")
ONCE = kept("5-star", "featured_pity", "featured_spent")

COUPON = {
    "id": "coupon",
    "price": {"currency": "coin", "amount": 1},
    "batches": [1],
    "rarities": [{"id": "card", "odds": "100%"}],
    "items": [
        {"id": f"card-{n}", "name": f"card {n}", "type": "card", "rarity": "card"}
        for n in range(1, 21)
    ],
}
WEIGHTED = {
    **COUPON,
    "id": "weighted",
    "items": [
        {
            "id": f"card-{n}",
            "name": f"card {n}",
            "type": "card",
            "rarity": "card",
            "weight": n,
        }
        for n in range(1, 7)
    ],
}


def _every(banner: str, rarity: str, only: Callable[[str], bool] = bool) -> str:
    spec = json.loads(shipped(banner))
    names = [x["id"] for x in spec["items"] if x["rarity"] == rarity]
    return "all:" + ",".join(x for x in names if only(x))


def genshin_cases() -> list[Case]:
    """Genshin's banners and the one that is like them."""
    g, r = "genshin-character", "genshin-character-radiance"
    w1, w2 = "genshin-weapon-path1", "genshin-weapon-path2"
    any5, up5 = "rarity:5-star", "featured:5-star"
    p5, g5 = "pity:5-star", "guarantee:5-star"
    four = "all:featured-4-star-1,featured-4-star-2,featured-4-star-3"
    return [
        Case("genshin any 5-star", g, any5, keep=(p5,)),
        Case("genshin any 5-star pity 20", g, any5, state={p5: 20}, keep=(p5,)),
        Case("genshin any 5-star pity 89", g, any5, state={p5: 89}, keep=(p5,)),
        Case("genshin featured x1", g, up5, keep=S5),
        Case("genshin featured x1 in tens", g, up5, batch=10, keep=S5),
        Case("genshin featured x1 pity 75", g, up5, state={p5: 75}, keep=S5),
        Case(
            "genshin featured x1 pity 40 guarantee 1",
            g,
            up5,
            state={p5: 40, g5: 1},
            keep=S5,
        ),
        Case("genshin featured x3 pity 75", g, up5, 3, {p5: 75}, keep=S5),
        Case("genshin featured x7", g, up5, 7, keep=S5),
        Case(
            "genshin standard item x1",
            g,
            "item:standard-5-star-1",
            keep=S5,
            hit_by_hit=("5-star", 14000, 14),
        ),
        Case("genshin any 4-star", g, "rarity:4-star", keep=FOUR),
        Case("genshin any 4-star x5", g, "rarity:4-star", 5, keep=FOUR),
        Case(
            "genshin any 4-star overdue",
            g,
            "rarity:4-star",
            state={p5: 80, "pity:4-star": 9},
            keep=FOUR,
        ),
        Case("genshin featured 4-star item", g, "item:featured-4-star-2", keep=FOUR_UP),
        Case("genshin all featured 4-stars", g, four, keep=FOUR_UP),
        Case(
            "genshin 5-stars, 1 featured and 2 others, all",
            g,
            "all:featured-5-star,standard-5-star-1,standard-5-star-2",
            keep=S5,
            hit_by_hit=("5-star", 12000, 12),
        ),
        Case("genshin any 5-star in 90 pulls", g, any5, pulls=90, keep=(p5,)),
        Case("genshin featured in 90 pulls", g, up5, pulls=90, keep=S5),
        Case("genshin featured in 500 pulls", g, up5, pulls=500, keep=S5),
        Case("genshin any 4-star in 30 pulls", g, "rarity:4-star", pulls=30, keep=FOUR),
        Case("radiance x1", r, up5, keep=RADIANCE),
        Case("radiance x1 losses 3", r, up5, state={"losses:5-star": 3}, keep=RADIANCE),
        Case("radiance x2", r, up5, 2, keep=RADIANCE),
        Case("radiance x7", r, up5, 7, keep=RADIANCE),
        Case("radiance in 90 pulls", r, up5, pulls=90, keep=RADIANCE),
        Case(
            "radiance in 200 pulls losses 2 pity 60",
            r,
            up5,
            state={"losses:5-star": 2, p5: 60},
            pulls=200,
            keep=RADIANCE,
        ),
        Case("path1 chosen x1", w1, "chosen:5-star", keep=FATE),
        Case(
            "path1 chosen x1 fate 1",
            w1,
            "chosen:5-star",
            state={"fate:5-star": 1},
            keep=FATE,
        ),
        Case("path1 chosen x2", w1, "chosen:5-star", 2, keep=FATE),
        Case("path1 featured x1", w1, up5, keep=FATE),
        Case("path1 other featured item", w1, "item:wolfs-gravestone", keep=FATE),
        Case(
            "path1 both featured",
            w1,
            "all:staff-of-homa,wolfs-gravestone",
            state={g5: 1},
            keep=FATE,
        ),
        Case(
            "path1 all eleven 5-stars",
            w1,
            _every(w1, "5-star"),
            keep=FATE,
            hit_by_hit=("5-star", 24000, 24),
        ),
        Case("path1 any 5-star", w1, any5, keep=(p5,)),
        Case("path2 chosen x1", w2, "chosen:5-star", keep=FATE),
        Case(
            "path2 chosen x1 fate 1 guarantee 1",
            w2,
            "chosen:5-star",
            state={"fate:5-star": 1, g5: 1},
            keep=FATE,
        ),
        Case("path2 chosen x2", w2, "chosen:5-star", 2, keep=FATE),
        Case(
            "path2 chosen x1 second chosen",
            w2,
            "chosen:5-star",
            state={"chosen:5-star": 1, p5: 30},
            keep=FATE,
        ),
        Case("path2 item", w2, "item:staff-of-homa", keep=FATE),
        Case(
            "starter featured x1",
            "starter",
            "featured:ultra_rare",
            keep=kept("ultra_rare", "pity", "guarantee"),
        ),
        Case(
            "starter featured x2 pity 10",
            "starter",
            "featured:ultra_rare",
            2,
            {"pity:ultra_rare": 10},
            keep=kept("ultra_rare", "pity", "guarantee"),
        ),
    ]


def pity_cases() -> list[Case]:
    """Other games with pity and guarantee."""
    hsr, cone = "hsr-character", "hsr-lightcone"
    agent, engine, wuwa = "zzz-agent", "zzz-engine", "wuwa-character"
    up5, r4 = "featured:5-star", "rarity:4-star"
    rev, ark, lim = "reverse1999", "arknights-standard", "arknights-limited"
    end, up6 = "endfield-character", "featured:6-star"
    spark = ("pity:6-star", "spark")
    three = {"6-star": 1, "5-star": 1, "4-star": 1}
    assert RULED[rev, 10] == three
    return [
        Case("hsr featured x1", hsr, up5, keep=S5),
        Case("hsr featured x7", hsr, up5, 7, keep=S5),
        Case(
            "hsr off item",
            hsr,
            "item:himeko",
            keep=S5,
            hit_by_hit=("5-star", 14000, 14),
        ),
        Case("hsr featured in 180 pulls", hsr, up5, pulls=180, keep=S5),
        Case("hsr cone featured x1", cone, up5, keep=S5),
        Case("hsr cone featured x5", cone, up5, 5, keep=S5),
        Case("hsr cone any 4-star", cone, r4, keep=FOUR),
        Case("zzz agent featured x1", agent, "featured:s-rank", keep=RANK_S),
        Case("zzz agent featured x2", agent, "featured:s-rank", 2, keep=RANK_S),
        Case("zzz agent any A", agent, "rarity:a-rank", keep=RANK_A[:2]),
        Case(
            "zzz agent any A pity 6, S pity 70",
            agent,
            "rarity:a-rank",
            state={"pity:a-rank": 6, "pity:s-rank": 70},
            keep=RANK_A[:2],
        ),
        Case("zzz agent A item", agent, "item:soukaku", keep=RANK_A),
        Case("zzz engine featured x1", engine, "featured:s-rank", keep=RANK_S),
        Case("zzz engine any A x3", engine, "rarity:a-rank", 3, keep=RANK_A[:2]),
        Case("wuwa featured x1", wuwa, up5, keep=S5),
        Case("wuwa featured x3", wuwa, up5, 3, keep=S5),
        Case("wuwa any 4-star", wuwa, r4, keep=FOUR),
        Case("wuwa featured 4-star", wuwa, "featured:4-star", keep=FOUR_UP),
        Case("wuwa 4-star in 40 pulls", wuwa, r4, pulls=40, keep=FOUR),
        Case("arknights any 6-star", ark, "rarity:6-star", keep=("pity:6-star",)),
        Case("arknights featured x1", ark, up6, keep=WITHIN),
        Case("arknights featured x2", ark, up6, 2, keep=WITHIN),
        Case(
            "arknights item of two in 160 pulls",
            ark,
            "item:shining",
            pulls=160,
            keep=WITHIN,
        ),
        Case(
            "arknights featured x1 within 140, pity 30",
            ark,
            up6,
            state={"pity:6-star": 30, "featured_pity:6-star": 140},
            keep=WITHIN,
        ),
        Case(
            "arknights featured 5-star in 100 pulls",
            ark,
            "featured:5-star",
            pulls=100,
            keep=("pity:6-star",),
        ),
        Case("arknights limited x1, exchange", lim, "item:nian", keep=spark),
        Case(
            "arknights limited x1, 250 points",
            lim,
            "item:nian",
            state={"spark": 250},
            keep=spark,
        ),
        Case(
            "arknights limited x2, 310 points",
            lim,
            "item:aak",
            2,
            {"spark": 310},
            keep=spark,
        ),
        Case("arknights limited featured x3", lim, up6, 3, keep=spark),
        Case("arknights limited both", lim, "all:nian,aak", keep=spark),
        Case(
            "arknights limited off item",
            lim,
            "item:saria",
            keep=("pity:6-star",),
            hit_by_hit=("6-star", 14000, 14),
        ),
        Case("endfield featured x1", end, up6, keep=ENDFIELD),
        Case("endfield featured x2", end, up6, 2, keep=ENDFIELD),
        Case(
            "endfield featured x1 spent",
            end,
            up6,
            state={"featured_spent:6-star": 1, "milestone:1": 30, "pity:6-star": 40},
            keep=ENDFIELD,
        ),
        Case(
            "endfield featured x1 after 100",
            end,
            up6,
            state={
                "featured_pity:6-star": 100,
                "milestone:1": 30,
                "pity:6-star": 20,
            },
            keep=ENDFIELD,
        ),
        Case(
            "endfield any 5-star",
            end,
            "rarity:5-star",
            keep=("pity:5-star", *ENDFIELD),
        ),
        Case("endfield featured in 120 pulls", end, up6, pulls=120, keep=ENDFIELD),
        Case("endfield featured in 200 pulls", end, up6, pulls=200, keep=ENDFIELD),
        Case("reverse featured x1", rev, up6, keep=S6),
        Case("reverse featured x1 in tens", rev, up6, batch=10, keep=S6),
        Case("reverse featured x2 in tens", rev, up6, 2, batch=10, keep=S6),
        Case(
            "reverse any 4-star in tens",
            rev,
            r4,
            batch=10,
            keep=("pity:6-star",),
            ruled=True,
        ),
        Case(
            "reverse any 3-star in tens pity 65",
            rev,
            "rarity:3-star",
            state={"pity:6-star": 65},
            batch=10,
            keep=("pity:6-star",),
            ruled=True,
        ),
    ]


def other_cases() -> list[Case]:
    """Exchanges, batches, boxes and packs."""
    blue, fgo, gala = "bluearchive-pickup", "fgo-single", "granblue-gala"
    feh, dragalia, nikke = "feh-focus", "dragalia", "nikke-pickup"
    pack, boxes, step = "hearthstone-pack", "box-300", "stepup-asteria"
    five, p5 = "rarity:5-star", ("pity:5-star",)
    prizes = _every(boxes, "prize")
    cards = [f"card-{n}" for n in range(1, 21)]
    return [
        Case("bluearchive featured x1", blue, "item:mashiro", keep=("spark",)),
        Case("bluearchive featured x2", blue, "featured:3-star", 2, keep=("spark",)),
        Case(
            "bluearchive featured x2 in tens, 199 points",
            blue,
            "featured:3-star",
            2,
            {"spark": 199},
            10,
            keep=("spark",),
        ),
        Case("bluearchive any 3-star", blue, "rarity:3-star"),
        Case("bluearchive 2-star in tens", blue, "rarity:2-star", batch=10, ruled=True),
        Case(
            "bluearchive 2-stars in 40 pulls in tens",
            blue,
            "rarity:2-star",
            batch=10,
            pulls=40,
            ruled=True,
        ),
        Case(
            "bluearchive featured in 450 pulls",
            blue,
            "featured:3-star",
            pulls=450,
            keep=("spark",),
        ),
        Case(
            "bluearchive featured in 90 pulls, 150 points",
            blue,
            "featured:3-star",
            state={"spark": 150},
            pulls=90,
            keep=("spark",),
        ),
        Case("fgo featured x1", fgo, "featured:5-star", keep=ONCE),
        Case("fgo featured x2", fgo, "featured:5-star", 2, keep=ONCE),
        Case("fgo featured x1 in elevens", fgo, "featured:5-star", batch=10, keep=ONCE),
        Case(
            "fgo 4-star in elevens",
            fgo,
            "rarity:4-star",
            batch=10,
            keep=ONCE,
            ruled=True,
        ),
        Case("fgo featured in 400 pulls", fgo, "featured:5-star", pulls=400, keep=ONCE),
        Case("granblue item in singles", gala, "item:galleon", keep=("spark",)),
        Case(
            "granblue item in tens",
            gala,
            "item:galleon",
            batch=10,
            keep=("spark",),
            ruled=True,
        ),
        Case(
            "granblue item x2 in tens, 100 points",
            gala,
            "item:galleon",
            2,
            {"spark": 100},
            10,
            keep=("spark",),
            ruled=True,
        ),
        Case("granblue any SR in tens", gala, "rarity:sr", batch=10, ruled=True),
        Case("nikke featured x1", nikke, "featured:ssr", keep=("spark",)),
        Case("nikke featured x3", nikke, "featured:ssr", 3, keep=("spark",)),
        Case("nikke pilgrim", nikke, "item:scarlet"),
        Case("feh any 5-star in singles", feh, five, keep=p5),
        Case("feh any 5-star in fives", feh, five, batch=5, keep=p5, ruled=True),
        Case("feh any 5-star x2 in fives", feh, five, 2, batch=5, keep=p5, ruled=True),
        Case(
            "feh any 5-star in fives pity 118",
            feh,
            five,
            state={"pity:5-star": 118},
            batch=5,
            keep=p5,
            ruled=True,
        ),
        Case(
            "feh focus in fives", feh, "featured:5-star", batch=5, keep=p5, ruled=True
        ),
        Case("feh any 4-star", feh, "rarity:4-star", keep=p5),
        Case(
            "feh 5-stars in 25 pulls in fives",
            feh,
            five,
            batch=5,
            pulls=25,
            keep=p5,
            ruled=True,
        ),
        Case("dragalia any 5-star in singles", dragalia, five, keep=p5),
        Case(
            "dragalia any 5-star in tens", dragalia, five, batch=10, keep=p5, ruled=True
        ),
        Case(
            "dragalia any 5-star x3 in tens",
            dragalia,
            five,
            3,
            batch=10,
            keep=p5,
            ruled=True,
        ),
        Case(
            "dragalia any 5-star x2 in tens pity 100",
            dragalia,
            five,
            2,
            {"pity:5-star": 100},
            10,
            keep=p5,
            ruled=True,
        ),
        Case("cs2 rare special", "cs2-case", "rarity:rare-special"),
        Case(
            "hearthstone any legendary",
            pack,
            "rarity:legendary",
            keep=("pity:legendary",),
            ruled=True,
        ),
        Case(
            "hearthstone any legendary x3, 35 packs",
            pack,
            "rarity:legendary",
            3,
            {"pity:legendary": 35},
            keep=("pity:legendary",),
            ruled=True,
        ),
        Case("hearthstone any rare", pack, "rarity:rare", ruled=True),
        Case(
            "hearthstone item",
            pack,
            "item:deathwing",
            by_hand=lambda: hearthstone(1, 1, 0, 0),
        ),
        Case(
            "hearthstone item, 15 others owned, 20 packs",
            pack,
            "item:deathwing",
            state={
                "pity:legendary": 20,
                **{
                    f"owned:{name}": 1
                    for name in _every(pack, "legendary")[4:].split(",")
                    if name != "deathwing"
                },
                "owned:malygos": 0,
                "owned:gruul": 0,
                "owned:hogger": 0,
                "owned:cenarius": 0,
            },
            by_hand=lambda: hearthstone(1, 1, 20, 15),
        ),
        Case(
            "hearthstone three legendaries, all",
            pack,
            "all:deathwing,malygos,gruul",
            by_hand=lambda: hearthstone(3, 1, 0, 0),
        ),
        Case("box all prizes", boxes, prizes, by_hand=lambda: box("all")),
        Case("box one prize", boxes, "item:prize-1", by_hand=lambda: box("one")),
        Case(
            "box one prize x2", boxes, "item:prize-1", 2, by_hand=lambda: box("one", 2)
        ),
        Case(
            "box 12 prizes", boxes, "rarity:prize", 12, by_hand=lambda: box("prize", 12)
        ),
        Case(
            "box one prize, 60 things gone",
            boxes,
            "item:prize-3",
            state={"taken:gold-bag": 50, "taken:star-shard": 8, "taken:moon-shard": 2},
            by_hand=lambda: box("one", 1, 60),
        ),
        Case(
            "box a prize and a shard",
            boxes,
            "all:prize-1,star-shard",
            by_hand=lambda: box("pair"),
        ),
        Case(
            "stepup any 5-star in tens",
            step,
            five,
            batch=10,
            keep=("step",),
            ruled=True,
        ),
        Case(
            "stepup any 5-star x3 in tens step 4",
            step,
            five,
            3,
            {"step": 4},
            10,
            keep=("step",),
            ruled=True,
        ),
        Case("20 equal items, all", "", "all:" + ",".join(cards), file=COUPON),
        Case(
            "11 of 20 equal items, all", "", "all:" + ",".join(cards[:11]), file=COUPON
        ),
        Case("6 unequal items, all", "", "all:" + ",".join(cards[:6]), file=WEIGHTED),
    ]


def long_run_cases() -> list[Case]:
    """Long-run odds of every banner, in its smallest and its largest batch."""
    cases = []
    for path in sorted((ROOT / "examples" / "banners").glob("*.json")):
        sizes = [b["size"] for b in Reference(json.loads(shipped(path.stem))).batches]
        for size in sorted({min(sizes), max(sizes)}):
            cases.append(Case(f"long run {path.stem} {size}", path.stem, batch=size))
    rules: list[tuple[str, str, int, dict[str, Any]]] = [
        ("overflow independent", "genshin-character", 1, {"/overflow": "independent"}),
        ("overflow normalise", "genshin-character", 1, {"/overflow": "normalise"}),
        (
            "overflow scale_filler",
            "genshin-character",
            1,
            {"/overflow": "scale_filler"},
        ),
        (
            "higher hit resets",
            "genshin-character",
            1,
            {"/rarities/1/on_higher_hit": "reset"},
        ),
        (
            "higher hit freezes",
            "genshin-character",
            1,
            {"/rarities/1/on_higher_hit": "freeze"},
        ),
        (
            "last slot always",
            "bluearchive-pickup",
            10,
            {
                "/batches/1": {
                    "size": 10,
                    "slot": {"draw": 10, "odds": {"3-star": "3%", "2-star": "97%"}},
                }
            },
        ),
        ("frozen without an end", "dragalia", 10, {"/frozen_odds": True}),
    ]
    for what, banner, size, edits in rules:
        name = f"long run {banner} {size}, {what}"
        cases.append(Case(name, banner, batch=size, edits=edits))
    return cases


def all_cases() -> list[Case]:
    """Every case, in the order of the file."""
    return [*genshin_cases(), *pity_cases(), *other_cases(), *long_run_cases()]
