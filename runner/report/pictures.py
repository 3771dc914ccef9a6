"""The pictures of the report, drawn by matplotlib without a display, as SVG."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from runner.evaluation import Evaluation
from runner.exploration import Exploration, strongest
from runner.recipe import Recipe
from runner.report.data import BestPossible, Histogram, Strength, Timeline

INK, QUIET, LINE, PAPER = "#1f2933", "#5f6c7b", "#d5dbe1", "#ffffff"
BLUE, ORANGE, GREEN, SKY = "#2a6fb0", "#c8641b", "#2e8065", "#a9c9e6"
SPLIT_COLOURS = {"train": BLUE, "validate": SKY, "calibrate": GREEN, "test": ORANGE}
"""Told apart by brightness too, for readers who do not see the hues."""
STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "propensity",
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "grid.color": "#eceff2",
    "figure.facecolor": PAPER,
    "legend.frameon": False,
}
WIDE = (8.0, 3.0)


@dataclass(frozen=True)
class Picture:
    """An image for the page: a data address, and the text for those who cannot see it."""

    source: str
    alt: str


def days(exploration: Exploration) -> Figure:
    """Events per day, and the target's on their own scale."""
    figure, axes = _figure(WIDE)
    when = [date.fromisoformat(d.day) for d in exploration.days]
    axes.fill_between(when, [d.events for d in exploration.days], color=SKY, step="mid", linewidth=0)
    axes.set_ylabel("events a day")
    axes.set_ylim(bottom=0)
    other = axes.twinx()
    other.plot(when, [d.targets for d in exploration.days], color=ORANGE, linewidth=1.6)
    other.set_ylabel(f"{exploration.target_event} a day", color=ORANGE)
    other.set_ylim(bottom=0)
    other.spines["right"].set_visible(False)
    axes.margins(x=0)
    return _dated(figure, axes)


def funnel(exploration: Exploration) -> Figure:
    """Users who had each event type at least once, and those of them who had the target too."""
    types = sorted(exploration.types, key=lambda t: t.users)[-20:]
    figure, axes = _figure((8.0, 0.6 + 0.28 * len(types)))
    names = [t.event_type for t in types]
    axes.barh(names, [t.users for t in types], color=SKY, label="users")
    axes.barh(names, [t.converted for t in types], color=ORANGE, label=f"of those with {exploration.target_event}")
    for position, t in enumerate(types):
        axes.text(t.users, position, f" {t.users:,}", va="center", color=QUIET, fontsize=9)
    axes.margins(x=0.1)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.xaxis.set_major_formatter(_thousands())
    axes.legend(loc="lower right")
    return figure


def correlations(exploration: Exploration) -> Figure:
    """Correlation of each type's count with the target's count, over users."""
    types = strongest(exploration.types, exploration.target_event)[:20][::-1]
    values = [t.correlation or 0.0 for t in types]
    figure, axes = _figure((8.0, 0.6 + 0.28 * max(1, len(types))))
    axes.barh([t.event_type for t in types], values, color=[BLUE if v >= 0 else ORANGE for v in values])
    for position, value in enumerate(values):
        side = "left" if value >= 0 else "right"
        axes.text(value, position, f" {value:.3f} ", va="center", ha=side, color=QUIET, fontsize=9)
    axes.axvline(0, color=QUIET, linewidth=0.8)
    axes.margins(x=0.15)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_xlabel("Pearson correlation with the target's count")
    return figure


def timeline(split: Timeline) -> Figure:
    """Each as-of date as a row: what features may see before it, and the label window after it."""
    figure, axes = _figure((8.0, 0.9 + 0.34 * (len(split.as_ofs) + 1)))
    first = split.first_event or min(a.as_of for a in split.as_ofs) - timedelta(days=split.look_back_days)
    shown: set[str] = set()
    names = []
    for row, item in enumerate([*split.as_ofs][::-1], start=1):
        known_from = max(first, item.as_of - timedelta(days=split.look_back_days))
        axes.barh(row, (item.as_of - known_from).days, left=_number(known_from), height=0.5, color="#eceff2")
        height = 0.62 / len(item.splits)
        for lane, name in enumerate(item.splits):
            label = None if name in shown else f"{name} ({split.rows[name]:,} rows)"
            shown.add(name)
            axes.barh(
                row + 0.31 - height * (lane + 0.5),
                (item.label_until - item.label_from).days,
                left=_number(item.label_from),
                height=height,
                color=SPLIT_COLOURS[name],
                label=label,
            )
        names.append(item.as_of.strftime("%d %b"))
    known_from = max(first, split.scored - timedelta(days=split.look_back_days))
    axes.barh(0, (split.scored - known_from).days, left=_number(known_from), height=0.5, color="#eceff2")
    axes.plot([_number(split.scored)], [0], marker=">", color=INK, markersize=7)
    axes.text(_number(split.scored) + 1, 0, "scored now", va="center", fontsize=9)
    axes.set_yticks(range(len(names) + 1), [split.scored.strftime("%d %b"), *names])
    axes.set_ylabel("as of")
    axes.set_xlim(_number(first), _number(split.scored) + 12)
    axes.tick_params(axis="y", length=0)
    handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    ordered = [label for name in SPLIT_COLOURS for label in handles if label.startswith(f"{name} (")]
    axes.legend(
        [handles[label] for label in ordered],
        ordered,
        loc="upper center",
        bbox_to_anchor=(0.5, 1.16),
        ncols=4,
        handlelength=1.0,
        fontsize=9,
    )
    axes.xaxis_date()
    return _dated(figure, axes)


def roc_curve(evaluation: Evaluation, best: BestPossible | None) -> Figure:
    """The model's ROC curve, and the best that anybody could do where the truth is known."""
    figure, axes = _figure((5.2, 4.6))
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=1)
    if best:
        axes.plot(
            best.roc.x, best.roc.y, color=ORANGE, linewidth=1.6, linestyle="--", label=f"best possible {best.auc:.3f}"
        )
    axes.plot(evaluation.roc.x, evaluation.roc.y, color=BLUE, linewidth=2.0, label=f"model {evaluation.auc:.3f}")
    axes.set_aspect("equal")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.grid(True)
    axes.set_xlabel("share of the others above the score")
    axes.set_ylabel("share of converters above the score")
    axes.legend(loc="lower right", title="AUC", alignment="left")
    return figure


def recipe(found: Recipe) -> Figure:
    """ROC curves of the documented recipe, judged its own way and as of a date, and of our model as of that date."""
    figure, axes = _figure((5.2, 4.6))
    axes.plot([0, 1], [0, 1], color=LINE, linewidth=1)
    shown = (
        (found.own_test, ORANGE, ":", "recipe, on its own rows"),
        (found.on_date, ORANGE, "-", "recipe, on the date"),
        (found.ours, BLUE, "-", "ours, on the date"),
    )
    for judged, colour, line, name in shown:
        axes.plot(
            judged.curve.x,
            judged.curve.y,
            color=colour,
            linewidth=2.0,
            linestyle=line,
            label=f"{name} {judged.auc:.3f}",
        )
    axes.set_aspect("equal")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.grid(True)
    axes.set_xlabel("share of the others above the score")
    axes.set_ylabel("share of converters above the score")
    axes.legend(loc="lower right", title="AUC", alignment="left")
    return figure


def gain(evaluation: Evaluation) -> Figure:
    """Conversion rate and share of conversions found, by tenth of the people."""
    figure, (left, right) = _figures(WIDE, 2)
    tenths = [d.decile for d in evaluation.deciles]
    left.bar(tenths, [d.rate for d in evaluation.deciles], color=BLUE, width=0.75)
    left.axhline(evaluation.base_rate, color=ORANGE, linestyle="--", linewidth=1.2)
    left.text(10.5, evaluation.base_rate, "everybody", color=ORANGE, ha="right", va="bottom", fontsize=9)
    left.set_xticks(tenths)
    left.set_xlabel("tenth of the people, best scores first")
    left.set_ylabel("conversion rate")
    left.yaxis.set_major_formatter(_percent())
    share = [0.0, *(d.captured for d in evaluation.deciles)]
    right.plot([0, *(t / 10 for t in tenths)], share, color=BLUE, marker="o", markersize=3.5, linewidth=1.8)
    right.plot([0, 1], [0, 1], color=LINE, linewidth=1)
    right.set_xlim(0, 1)
    right.set_ylim(0, 1.02)
    right.grid(True)
    right.set_xlabel("share of the people addressed")
    right.set_ylabel("share of conversions reached")
    for axis in (right.xaxis, right.yaxis):
        axis.set_major_formatter(_percent())
    return figure


def calibration(evaluation: Evaluation) -> Figure:
    """What was promised against what happened, by tenth of the people."""
    figure, axes = _figure((5.2, 4.2))
    promised = [b.mean_score for b in evaluation.calibration]
    happened = [b.rate for b in evaluation.calibration]
    furthest = max([*promised, *happened, 1e-6]) * 1.08
    axes.plot([0, furthest], [0, furthest], color=LINE, linewidth=1)
    axes.plot(promised, happened, color=BLUE, marker="o", linewidth=1.4, markersize=5)
    axes.set_xlim(0, furthest)
    axes.set_ylim(0, furthest)
    axes.grid(True)
    axes.set_xlabel("mean score (promised)")
    axes.set_ylabel("conversion rate (happened)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_percent())
    return figure


def scores(histogram: Histogram, min_score: float) -> Figure:
    """How many people have which score; those in the audience stand out."""
    figure, axes = _figure(WIDE)
    edges, counts = histogram.edges, histogram.counts
    colours = [BLUE if low >= min_score else SKY for low in edges[:-1]]
    axes.bar(edges[:-1], counts, width=edges[1] - edges[0], align="edge", color=colours, edgecolor=PAPER, linewidth=0.3)
    axes.axvline(min_score, color=ORANGE, linewidth=1.5)
    top = max([*counts, 1])
    axes.text(min_score, top, f" audience from {min_score:.4f}", color=ORANGE, va="top", fontsize=9)
    axes.set_xlabel("score")
    axes.set_ylabel("people")
    axes.margins(x=0)
    axes.xaxis.set_major_formatter(_percent())
    axes.yaxis.set_major_formatter(_thousands())
    return figure


def importance(strengths: tuple[Strength, ...]) -> Figure:
    """Mean absolute contribution of each feature to the log-odds."""
    figure, axes = _figure((8.0, 0.6 + 0.28 * max(1, len(strengths))))
    names = [s.feature for s in strengths][::-1]
    values = [s.value for s in strengths][::-1]
    axes.barh(names, values, color=BLUE)
    for position, value in enumerate(values):
        axes.text(value, position, f" {value:.3f}", va="center", color=QUIET, fontsize=9)
    axes.margins(x=0.1)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.set_xlabel("mean absolute contribution to the log-odds")
    return figure


def picture(alt: str, draw: Callable[..., Figure], *values: Any) -> Picture:
    """Draw and pack as a data address: nothing beside the page is needed to see it."""
    with mpl.rc_context(STYLE):
        figure = draw(*values)
        buffer = io.BytesIO()
        # Without a date, equal data give an equal page.
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    return Picture("data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"), alt)


def _figure(size: tuple[float, float]) -> tuple[Figure, Any]:
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots()


def _figures(size: tuple[float, float], columns: int) -> tuple[Figure, Any]:
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(1, columns)


def _dated(figure: Figure, axes: Any) -> Figure:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=4, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    return figure


def _number(day: date) -> float:
    from matplotlib.dates import date2num

    return float(date2num(day))


def _percent() -> Any:
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(1.0)


def _thousands() -> Any:
    from matplotlib.ticker import StrMethodFormatter

    return StrMethodFormatter("{x:,.0f}")
