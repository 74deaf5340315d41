"""A second implementation of a banner, written from the documents alone.

It reads a banner file with plain fractions and draws from NumPy's PCG64 by the
contract in docs/reference/draw-contract.md. It shares no code with the
library: the golden transcripts in this folder are made by it, and the library
must reproduce them.

    python reference.py            # checks the transcripts
    python reference.py --write    # makes them anew
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
BANNERS = HERE.parents[2] / "examples" / "banners"
PULLS = 200
SEED = 7


def odds(text: str) -> Fraction:
    """The exact fraction that "0.6%", "0.006" or "3/500" stands for."""
    if text.endswith("%"):
        return Fraction(text[:-1]) / 100
    return Fraction(text)


class Words:
    """32-bit words of NumPy's PCG64, low half of each output first."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def below(self, size: int) -> int:
        """An integer below size: floor(x / k), words from size*k on skipped."""
        k = 2**32 // size
        while True:
            word = self._bits.ctypes.next_uint32(self._bits.ctypes.state)
            if word < size * k:
                return word // k


def alias(weights: list[int]) -> list[int]:
    """The item at each place of the alias wheel."""
    common = math.gcd(*weights)
    weights = [w // common for w in weights]
    n, total = len(weights), sum(weights)
    size = math.lcm(n, total)
    width = size // n
    mass = [w * size // total for w in weights]
    own = [0] * n
    other = list(range(n))
    small = [i for i in range(n) if mass[i] < width]
    large = [i for i in range(n) if mass[i] >= width]
    for i in small:  # grows while it is walked
        rich = large[0]
        own[i], other[i] = mass[i], rich
        mass[rich] -= width - mass[i]
        if mass[rich] < width:
            small.append(large.pop(0))
    for i in large:
        own[i] = width
    return [c if r < own[c] else other[c] for c in range(n) for r in range(width)]


class Reference:
    """One banner and one player."""

    def __init__(self, spec: dict) -> None:
        self.spec = spec
        self.rarities = spec["rarities"]
        self.curves = self._curves()
        self.size = self._wheel_size()
        self.pity = {r["id"]: 0 for r in self.rarities}
        self.guarantee = {r["id"]: 0 for r in self.rarities}

    def _curves(self) -> list[list[Fraction]]:
        curves = []
        left = Fraction(1)
        for rarity in self.rarities:
            base = left if rarity["odds"] == "rest" else odds(rarity["odds"])
            left -= base
            curve = [odds(x) for x in rarity.get("curve", [])] or [base]
            soft, hard = rarity.get("soft_pity"), rarity.get("hard_pity")
            if soft:
                curve = [base] * (soft["from"] - 1)
                while not curve or curve[-1] < 1:
                    step = len(curve) + 2 - soft["from"]
                    curve.append(min(Fraction(1), base + step * odds(soft["step"])))
            if hard:
                curve += [curve[-1]] * (hard - len(curve))
                curve = [*curve[: hard - 1], Fraction(1)]
            while len(curve) > 1 and curve[-1] == curve[-2]:
                curve.pop()
            curves.append(curve)
        return curves

    def _wheel_size(self) -> int:
        entries = math.lcm(*(p.denominator for c in self.curves for p in c))
        shares = [odds(r["rate_up"]["share"]) for r in self.rarities if "rate_up" in r]
        return entries * math.lcm(*(s.denominator for s in shares))

    def _grows(self, index: int) -> bool:
        return len(self.curves[index]) > 1

    def _groups(self) -> list[tuple[int, str, int]]:
        """(rarity, pool, weight) of each group in the present state."""
        groups = []
        left = self.size
        for i, rarity in enumerate(self.rarities):
            curve = self.curves[i]
            at = min(self.pity[rarity["id"]], len(curve) - 1)
            weight = min(int(curve[at] * self.size), left)
            if i + 1 == len(self.rarities):
                weight = left
            left -= weight
            if "rate_up" not in rarity:
                groups.append((i, "all", weight))
                continue
            share = odds(rarity["rate_up"]["share"])
            if self.guarantee[rarity["id"]]:
                share = Fraction(1)
            featured = weight * share
            assert featured.denominator == 1
            groups.append((i, "featured", int(featured)))
            if self._pool(i, "others"):
                groups.append((i, "others", weight - int(featured)))
        return groups

    def _pool(self, index: int, pool: str) -> list[dict]:
        rarity = self.rarities[index]
        items = [x for x in self.spec["items"] if x["rarity"] == rarity["id"]]
        if pool == "all":
            return items
        featured = rarity["rate_up"]["featured"]
        return [x for x in items if (x["id"] in featured) == (pool == "featured")]

    def pull(self, words: Words) -> tuple[str, str]:
        """Draw once; the rarity and the item."""
        r = words.below(self.size)
        for index, pool, weight in self._groups():
            if r < weight:
                break
            r -= weight
        items = self._pool(index, pool)
        table = alias([x.get("weight", 1) for x in items])
        item = items[table[words.below(len(table))]]
        self._count(index, pool)
        return self.rarities[index]["id"], item["id"]

    def _count(self, hit: int, pool: str) -> None:
        for i, rarity in enumerate(self.rarities):
            name = rarity["id"]
            how = rarity.get("on_higher_hit", "keep")
            if i == hit or (hit < i and how == "reset"):
                self.pity[name] = 0
            elif hit > i or how == "keep":
                self.pity[name] = min(self.pity[name] + 1, len(self.curves[i]) - 1)
        rarity = self.rarities[hit]
        if rarity.get("rate_up", {}).get("after_loss") == "guarantee":
            self.guarantee[rarity["id"]] = int(pool == "others")

    def state(self) -> str:
        """The counters as the library serialises them."""
        values = {}
        for i, rarity in enumerate(self.rarities):
            if self._grows(i):
                values["pity:" + rarity["id"]] = self.pity[rarity["id"]]
            rate_up = rarity.get("rate_up", {})
            if rate_up.get("after_loss") == "guarantee" and odds(rate_up["share"]) < 1:
                values["guarantee:" + rarity["id"]] = self.guarantee[rarity["id"]]
        return ",".join(f"{k}={values[k]}" for k in sorted(values))

    def odds_version(self) -> str:
        """SHA-256 of the canonical JSON of the compiled banner."""
        rarities = []
        for i, rarity in enumerate(self.rarities):
            entry = {
                "id": rarity["id"],
                "weights": [int(p * self.size) for p in self.curves[i]],
                "on_higher_hit": rarity.get("on_higher_hit", "keep"),
            }
            if "rate_up" in rarity:
                share = odds(rarity["rate_up"]["share"])
                entry["rate_up"] = {
                    "share": [share.numerator, share.denominator],
                    "after_loss": rarity["rate_up"]["after_loss"],
                }
            rarities.append(entry)
        groups = [
            {
                "rarity": self.rarities[i]["id"],
                "pool": pool,
                "items": [[x["id"], x.get("weight", 1)] for x in self._pool(i, pool)],
            }
            for i, pool, _ in self._groups()
        ]
        price = self.spec["price"]
        canonical = {
            "draw": 1,
            "id": self.spec["id"],
            "family": self.spec.get("family", self.spec["id"]),
            "wheel": self.size,
            "rarities": rarities,
            "groups": groups,
            "price": {"currency": price["currency"], "amount": price["amount"]},
            "batches": self.spec.get("batches", [1, 10]),
        }
        text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def transcript(path: Path) -> str:
    """The golden transcript of a banner file: PULLS pulls of NumPy's PCG64(SEED)."""
    reference = Reference(json.loads(path.read_text(encoding="utf-8")))
    lines = [f"odds_version {reference.odds_version()}"]
    words = Words(SEED)
    for n in range(1, PULLS + 1):
        rarity, item = reference.pull(words)
        lines.append(f"{n} {rarity} {item} {reference.state()}")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Check or write every transcript; 1 if one is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    status = 0
    for path in sorted(BANNERS.glob("*.json")):
        golden = HERE / f"{path.stem}.txt"
        text = transcript(path)
        if write:
            golden.write_text(text, encoding="utf-8")
        elif not golden.exists() or golden.read_text(encoding="utf-8") != text:
            print(f"{golden.name} is not what the reference draws", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
