"""Times fairpull's exact analysis beside GGanalysis, in one run.

Both answer the same question, from a banner or a model that is at hand; the
largest difference of the two answers is written next to the times. GGanalysis
keeps answers: what it has kept is cleared before each question, outside of the
time. Where making its model already is the answer (the pity alone, the coupled
rates), making it is in the time.

Writes benchmarks/results/analysis.json; benchmarks/table.py makes a table of it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import numpy as np
from GGanalysis import (
    BernoulliLayer,
    CouponCollectorLayer,
    GeneralCouponCollection,
    GeneralCouponCollectorModel,
    MarkovLayer,
    PityCouponCollectorModel,
    PityLayer,
    PityModel,
    PriorityPitySystem,
    calc_item_num_dist,
    table2matrix,
)
from GGanalysis.games import arknights, genshin_impact
from numpy.typing import NDArray

from fairpull import Banner

HERE = Path(__file__).resolve().parent
ROUND_SECONDS = 0.2
MIN_ROUNDS = 5

# What hits beyond the last one that GGanalysis is asked for may weigh together.
HITS_LEFT_OUT = 1e-12

Answer: TypeAlias = NDArray[np.float64]
Question: TypeAlias = Callable[[], Answer]


@dataclass(frozen=True)
class Row:
    """One question, asked of both.

    Attributes
    ----------
    name, text : str
        A short name, and the question in words.
    fairpull, rival : callable
        Give the answer as an array of probabilities.
    """

    name: str
    text: str
    fairpull: Question
    rival: Question


def small_banner(name: str, rarities: list[dict], items: list[dict]) -> Banner:
    """A banner of these rarities and items, and one item of the lowest rarity."""
    lowest = {"id": "rest", "odds": "rest"}
    blank = {"id": "blank", "name": "blank", "type": "item", "rarity": "rest"}
    source = {"covers": "everything", "status": "community", "reference": "fairpull"}
    text = json.dumps(
        {
            "id": name,
            "name": name,
            "sources": [source],
            "family": name,
            "price": {"currency": "coin", "amount": 1},
            "batches": [1],
            "rarities": [*rarities, lowest],
            "items": [*items, blank],
        }
    )
    return Banner.from_json(text, file=name)


def prizes(rarity: str, weights: list[int]) -> list[dict]:
    """Items prize-1, prize-2, … of one rarity with these weights."""
    return [
        {
            "id": f"prize-{number}",
            "name": f"Prize {number}",
            "type": "item",
            "rarity": rarity,
            "weight": weight,
        }
        for number, weight in enumerate(weights, 1)
    ]


def all_of(count: int) -> str:
    """The goal of having each of so many prizes."""
    return "all:" + ",".join(f"prize-{number}" for number in range(1, count + 1))


def pity_rows() -> list[Row]:
    """Pity and the 50/50 of Genshin, for one copy and for many."""
    banner = Banner.load("genshin-character")
    curve = genshin_impact.PITY_5STAR
    rows = [
        Row(
            "five_star",
            "pulls to a 5-star",
            lambda: banner.pulls_to("rarity:5-star").probabilities,
            lambda: PityModel(curve)(1).dist,
        )
    ]
    model = genshin_impact.classic_up_5star_character
    for copies in (1, 7, 100, 1000):
        plural = "copy" if copies == 1 else "copies"
        rows.append(
            Row(
                f"fifty_fifty_{copies}",
                f"50/50 with guarantee, {copies:,} {plural}",
                lambda n=copies: banner.pulls_to("featured:5-star", n).probabilities,
                lambda n=copies: model(n).dist,
            )
        )
    return rows


def radiance_matrix(copies: int) -> Answer:
    """The chain of 5-stars under Capturing Radiance, as GGanalysis takes it.

    A lost 50/50 raises a counter and makes the next 5-star featured, a won one
    lowers it; at 3 the 5-star is featured and the counter becomes 1. GGanalysis's
    own model has another counter. State 0 is the start and the end.
    """
    start = (0, 1, False)  # copies, counter, whether a guarantee is due

    def after(copy: int, counter: int) -> tuple[int, int, bool]:
        return start if copy == copies else (copy, counter, False)

    numbers, steps, todo = {start: 0}, [], [start]
    while todo:
        state = todo.pop()
        copy, counter, due = state
        if due:
            ways = [(after(copy + 1, counter), 1.0)]
        elif counter == 3:
            ways = [(after(copy + 1, 1), 1.0)]
        else:
            won = after(copy + 1, max(counter - 1, 0))
            ways = [(won, 0.5), ((copy, counter + 1, True), 0.5)]
        for to, odds in ways:
            if to not in numbers:
                numbers[to] = len(numbers)
                todo.append(to)
            steps.append([state, to, odds])
    return table2matrix(numbers, steps)


def radiance_row() -> Row:
    """Seven copies under Capturing Radiance."""
    banner = Banner.load("genshin-character-radiance")
    matrix = radiance_matrix(7)
    common = genshin_impact.common_5star
    return Row(
        "radiance_7",
        "Capturing Radiance, 7 copies",
        lambda: banner.pulls_to("featured:5-star", 7).probabilities,
        # A power of one distribution by another is that of a random sum.
        lambda: (common(1) ** MarkovLayer(matrix).dist).dist,
    )


def hits_rows() -> list[Row]:
    """How many featured 5-stars so many pulls give."""
    banner = Banner.load("genshin-character")
    model = genshin_impact.classic_up_5star_character
    rows = []
    for pulls in (500, 5000):
        hits = banner.hits_in(pulls, "featured:5-star")
        last = int(np.argmax(hits.ccdf(np.arange(pulls + 1)) < HITS_LEFT_OUT))
        rows.append(
            Row(
                f"hits_{pulls}",
                f"featured 5-stars in {pulls:,} pulls",
                lambda n=pulls: banner.hits_in(n, "featured:5-star").probabilities,
                lambda n=pulls, k=last: (
                    calc_item_num_dist(model(k, multi_dist=True), n).dist
                ),
            )
        )
    return rows


def directional_row() -> Row:
    """A featured 6-star where the first after 150 pulls without is one."""
    banner = Banner.load("arknights-standard")
    model = arknights.single_up_6star
    return Row(
        "within_150",
        "Arknights' featured 6-star, the 150 rule",
        lambda: banner.pulls_to("featured:6-star").probabilities,
        lambda: model(1).dist,
    )


def collection_rows() -> list[Row]:
    """Collections: equal items behind a pity, unequal items without."""
    gold = {
        "id": "gold",
        "odds": "0.6%",
        "soft_pity": {"from": 74, "step": "6%"},
        "hard_pity": 90,
    }
    equal = small_banner("equal", [gold], prizes("gold", [1] * 11))
    equal_rival = PityCouponCollectorModel(genshin_impact.PITY_5STAR, 11)
    # Odds of 3%, 6%, … 18%, and 37% for none of them.
    weights = [1, 2, 3, 4, 5, 6]
    unequal = small_banner(
        "unequal", [{"id": "prize", "odds": "63%"}], prizes("prize", weights)
    )
    unequal_rival = GeneralCouponCollectorModel([0.03 * w for w in weights])
    return [
        Row(
            "collection_pity_11",
            "all of 11 equal 5-stars, with pity",
            lambda: equal.pulls_to(all_of(11)).probabilities,
            lambda: equal_rival().dist,
        ),
        Row(
            "collection_unequal_6",
            "all of 6 items with odds of 3% to 18%",
            lambda: unequal.pulls_to(all_of(6)).probabilities,
            lambda: unequal_rival().dist,
        ),
    ]


def coupled_rows() -> list[Row]:
    """Long-run rates of two rarities whose pities meet on one wheel."""
    genshin = Banner.load("genshin-character")
    six_star = {
        "id": "6-star",
        "odds": "2%",
        "soft_pity": {"from": 51, "step": "2%"},
        "hard_pity": 99,
    }
    five_star = {
        "id": "5-star",
        "odds": "8%",
        "soft_pity": [{"from": 16, "step": "2%"}, {"from": 21, "step": "4%"}],
        "hard_pity": 41,
        "on_higher_hit": "reset",
    }
    items = [{**prizes(r, [1])[0], "id": r} for r in ("6-star", "5-star")]
    coupled = small_banner("coupled", [six_star, five_star], items)

    def fairpull_rates(banner: Banner) -> Answer:
        return np.array([r.consolidated for r in banner.odds().rarities[:2]])

    def rival_rates(curves: list[Answer], reset: bool) -> Answer:
        return PriorityPitySystem(curves, remove_pity=reset).get_stationary_p()

    genshin_curves = [genshin_impact.PITY_5STAR, genshin_impact.PITY_4STAR]
    arknights_curves = [arknights.PITY_6STAR, arknights.PITY_5STAR]
    return [
        Row(
            "coupled_kept",
            "Genshin's long-run rates (4-star pity kept)",
            lambda: fairpull_rates(genshin),
            lambda: rival_rates(genshin_curves, False),
        ),
        Row(
            "coupled_reset",
            "Arknights' long-run rates (5-star pity reset)",
            lambda: fairpull_rates(coupled),
            lambda: rival_rates(arknights_curves, True),
        ),
    ]


def forget() -> None:
    """Clear what GGanalysis keeps of the questions that it was asked."""
    for layer in (PityLayer, BernoulliLayer, CouponCollectorLayer, MarkovLayer):
        layer._forward.cache_clear()
    GeneralCouponCollection.get_expectation.cache_clear()


def seconds_of(question: Question) -> float:
    """The mean time of a question, asked again and again for a while."""
    total, count = 0.0, 0
    while total < ROUND_SECONDS:
        forget()
        begin = time.perf_counter()
        question()
        total += time.perf_counter() - begin
        count += 1
    return total / count


def difference(one: Answer, other: Answer) -> float:
    """The largest absolute difference; what is beyond the shorter one is 0."""
    both = np.zeros((2, max(len(one), len(other))))
    both[0, : len(one)] = one
    both[1, : len(other)] = other
    return float(np.abs(both[0] - both[1]).max())


def measure(row: Row, rounds: int) -> dict[str, str | float]:
    """Ask both in turns, and take the medians over the rounds."""
    apart = difference(row.fairpull(), row.rival())
    times: dict[str, list[float]] = {"fairpull": [], "rival": []}
    for number in range(rounds):
        order = [("fairpull", row.fairpull), ("rival", row.rival)]
        for name, question in order if number % 2 == 0 else reversed(order):
            times[name].append(seconds_of(question))
    return {
        "name": row.name,
        "text": row.text,
        "fairpull_seconds": statistics.median(times["fairpull"]),
        "rival_seconds": statistics.median(times["rival"]),
        "difference": apart,
    }


def main() -> None:
    """Measure all rows, print them and write them down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rounds",
        type=int,
        default=MIN_ROUNDS,
        help=f"of each row and rival; at least {MIN_ROUNDS} (the default)",
    )
    rounds = parser.parse_args().rounds
    if rounds < MIN_ROUNDS:
        parser.error(f"--rounds is {rounds}; it must be at least {MIN_ROUNDS}")
    asked = [
        *pity_rows(),
        radiance_row(),
        *hits_rows(),
        directional_row(),
        *collection_rows(),
        *coupled_rows(),
    ]
    rows = []
    print(f"{'':48}{'fairpull':>12}{'GGanalysis':>12}{'ratio':>9}  difference")
    for row in asked:
        result = measure(row, rounds)
        rows.append(result)
        ours, theirs = result["fairpull_seconds"], result["rival_seconds"]
        print(
            f"{row.text:48}{ours * 1e3:9.3f} ms{theirs * 1e3:9.3f} ms"
            f"{theirs / ours:9.1f}  {result['difference']:.1e}",
            flush=True,
        )
    context = {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "rounds": rounds,
        "versions": {
            name: version(name) for name in ("fairpull", "GGanalysis", "numpy", "scipy")
        },
    }
    path = HERE / "results" / "analysis.json"
    path.parent.mkdir(exist_ok=True)
    results = {"rows": rows, "context": context}
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
