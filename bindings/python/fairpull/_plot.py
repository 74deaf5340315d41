"""Pictures of distributions: matplotlib's where it is there, bars in a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fairpull.banner import Banner
    from fairpull.distribution import Distribution
    from fairpull.history import Waits

QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90, 0.99)


def shown_range(distribution: Distribution) -> tuple[int, int]:
    """The counts that a picture shows: all but a thousandth in the far tail."""
    lowest, _ = distribution.support
    return max(0, lowest - 1), max(1, int(distribution.icdf(0.999)))


def new_axes() -> Axes:
    """Axes of a figure of their own, without the global state of pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def save(ax: Axes, path: str | Path | None) -> None:
    """Save the figure of the axes, if there is a path."""
    picture = ax.get_figure(root=True)
    if path is not None and picture is not None:
        picture.savefig(path, dpi=120)


def draw(
    distribution: Distribution, *, ax: Axes | None, path: str | Path | None
) -> Axes:
    """The probability of each count as bars, that of being done as a line."""
    if ax is None:
        ax = new_axes()
    first, last = shown_range(distribution)
    counts = np.arange(first, last + 1)
    ax.bar(counts, distribution.pmf(counts), width=1.0, color="#9ecae1")
    ax.set_xlabel(distribution.counts)
    ax.set_ylabel("probability of exactly so many")
    done = ax.twinx()
    done.plot(counts, distribution.cdf(counts), color="#08519c", linewidth=1.5)
    done.set_ylim(0, 1.02)
    done.set_ylabel("probability of so many or fewer")
    for q in (0.5, 0.9):
        n = int(distribution.icdf(q))
        done.plot([n, n], [0, q], color="#08519c", linestyle=":", linewidth=1)
        right = n > (first + last) / 2
        done.annotate(
            f"{q:.0%}: {n}",
            (n, q),
            (-4 if right else 4, -10),
            textcoords="offset points",
            ha="right" if right else "left",
        )
    ax.set_title(f"mean {distribution.mean:.2f} {distribution.counts}")
    save(ax, path)
    return ax


def bars(distribution: Distribution, *, rows: int = 20, width: int = 50) -> list[str]:
    """The distribution as lines of text: a range of counts, its share, a bar."""
    _, last = shown_range(distribution)
    first = distribution.support[0]
    step = max(1, -(-(max(last, first) - first + 1) // rows))
    lines = []
    edges = range(first, max(last, first) + 1, step)
    shares = [
        float(np.sum(distribution.pmf(np.arange(edge, edge + step)))) for edge in edges
    ]
    most = max(shares)
    for edge, share in zip(edges, shares, strict=True):
        end = edge + step - 1
        label = f"{edge}" if step == 1 else f"{edge}-{end}"
        bar = "#" * round(width * share / most)
        lines.append(f"{label:>13} {100 * share:6.2f}% {bar}".rstrip())
    left = max(0.0, 1 - float(distribution.cdf(edges[-1] + step - 1)))
    if left > 1e-12:
        lines.append(f"{'more':>13} {100 * left:6.2g}%")
    return lines


def draw_waits(
    waits: Waits, banner: Banner, *, ax: Axes | None, path: str | Path | None
) -> Axes:
    """Observed hazards with their intervals, and the exact ones as a line."""
    if ax is None:
        ax = new_axes()
    wait = np.arange(1, len(waits.at_risk) + 1)
    seen = waits.at_risk > 0
    below = np.maximum(0, waits.rate - waits.low)
    above = np.maximum(0, waits.high - waits.rate)
    ax.errorbar(
        wait[seen],
        waits.rate[seen],
        yerr=np.stack([below, above])[:, seen],
        fmt="o",
        markersize=3,
        linewidth=1,
        color="#d94801",
        label="observed, with its interval",
    )
    ax.plot(
        wait,
        waits.exact,
        color="#08306b",
        linewidth=1.5,
        drawstyle="steps-mid",
        label="exact, as it is drawn",
    )
    ax.set_xlabel(f"pulls waited for {waits.rarity}, this one included")
    ax.set_ylabel("odds of a hit")
    ax.set_ylim(0, None)
    ax.legend(loc="upper left")
    risked = ax.twinx()
    risked.fill_between(wait, waits.at_risk, step="mid", color="#bdbdbd", alpha=0.35)
    risked.set_ylim(0, None)
    risked.set_ylabel("waits that came so far (grey)")
    ax.set_zorder(risked.get_zorder() + 1)
    ax.patch.set_visible(False)
    ax.set_title(
        f"{banner.name}: {int(waits.hits.sum())} hits of {waits.rarity}, "
        f"{waits.expected:.1f} expected"
    )
    save(ax, path)
    return ax
