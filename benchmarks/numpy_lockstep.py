"""The genshin-character banner in NumPy: many players, one pull after the other.

The rival of simulation_benchmark.cc, which starts it and reads what it prints: the
seconds that a pull took. It knows both pities, both guarantees, and counts rarities
and featured hits; it does not choose items. Players are few enough for their
columns to stay in the second cache, which is faster than more of them.
"""

from __future__ import annotations

import sys
import time

import numpy as np

PLAYERS = 20_000


def five_star_odds(pulls: np.ndarray) -> np.ndarray:
    """0.6%, 6 points more with each pull from the 74th on."""
    return np.minimum(1.0, 0.006 + 0.06 * np.maximum(0, pulls - 73))


def four_star_odds(pulls: np.ndarray) -> np.ndarray:
    """5.1%, 56.1% at the 9th pull, certain at the 10th."""
    return np.minimum(1.0, 0.051 + 0.51 * np.maximum(0, pulls - 8))


def run(steps: int, seed: int) -> tuple[float, list[int]]:
    """Seconds for `steps` pulls of each player, and what was counted."""
    rng = np.random.Generator(np.random.SFC64(seed))
    five = five_star_odds(np.arange(1, 91)).astype(np.float32)
    four = four_star_odds(np.arange(1, 11)).astype(np.float32)
    pity5 = np.zeros(PLAYERS, np.uint8)
    pity4 = np.zeros(PLAYERS, np.uint8)
    sure5 = np.zeros(PLAYERS, bool)
    sure4 = np.zeros(PLAYERS, bool)
    x = np.empty(PLAYERS, np.float32)
    odds5 = np.empty(PLAYERS, np.float32)
    odds4 = np.empty(PLAYERS, np.float32)
    counts = [0, 0, 0, 0]
    began = time.perf_counter()
    for _ in range(steps):
        rng.random(out=x, dtype=np.float32)
        five.take(pity5, out=odds5, mode="clip")
        four.take(pity4, out=odds4, mode="clip")
        odds4 += odds5
        hit5 = np.flatnonzero(x < odds5)
        hit4 = np.flatnonzero((x < odds4) & (x >= odds5))
        pity5 += 1
        pity4 += 1
        pity5[hit5] = 0
        pity4[hit4] = 0
        np.minimum(pity4, 9, out=pity4)
        featured5 = sure5[hit5] | (x[hit5] < odds5[hit5] * 0.5)
        sure5[hit5] = ~featured5
        low = odds5[hit4]
        middle = low + (np.minimum(odds4[hit4], 1) - low) * 0.5
        featured4 = sure4[hit4] | (x[hit4] < middle)
        sure4[hit4] = ~featured4
        counts[0] += len(hit5)
        counts[1] += int(np.count_nonzero(featured5))
        counts[2] += len(hit4)
        counts[3] += int(np.count_nonzero(featured4))
    return time.perf_counter() - began, counts


def main() -> None:
    """Print the seconds of one pull; check the shares against what is known."""
    steps = int(sys.argv[1])
    seconds, counts = run(steps, int(sys.argv[2]))
    pulls = steps * PLAYERS
    if steps >= 1000 and abs(counts[0] / pulls - 0.016052) > 0.0005:
        sys.exit(f"{counts[0]} of {pulls} pulls are 5-stars; something is wrong")
    print(seconds / pulls)


if __name__ == "__main__":
    main()
