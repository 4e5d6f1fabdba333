"""The figures as pictures that can be read on a light page and on a dark one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import matplotlib as mpl
from matplotlib.figure import Figure

INK = "#808890"
OURS = "#3b9c8f"
OTHERS = "#8f9bb3"
WARM = "#c4793a"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "vestibule",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def cold_starts(
    figures: Mapping[str, float], labels: Sequence[tuple[str, str]], budget: float, out: Path
) -> None:
    """Bars of cold starts as multiples of the tutorial handler's."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 2.9), layout="constrained")
        axes = figure.subplots()
        names = [name for name, _ in labels]
        ratios = [figures[name] / figures["seed"] for name in names]
        colors = [OURS if name == "ours" else OTHERS for name in names]
        bars = axes.barh([says for _, says in labels], ratios, color=colors, height=0.62)
        axes.bar_label(bars, [f"{ratio:.2f}" for ratio in ratios], padding=5)
        axes.axvline(budget, color=INK, linestyle=(0, (4, 3)), linewidth=1)
        axes.annotate(
            f" budget {budget}", (budget, 1), xycoords=("data", "axes fraction"), va="top"
        )
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel(
            "process start to first answered GET, as a multiple of the tutorial handler"
        )
        _save(figure, out)


class Course(Protocol):
    """A storm, second by second."""

    wanting: list[float]
    admitted: list[float]
    waiting: list[float]
    users: list[float]
    mails: list[float]


def storm(courses: Mapping[str, Course], out: Path) -> None:
    """Two rows: how many come and get in, and what waits; a column for each course."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 4.6), layout="constrained")
        grid = figure.subplots(2, len(courses), sharex=True, sharey="row", squeeze=False)
        for column, (title, course) in enumerate(courses.items()):
            rates, depths = grid[0][column], grid[1][column]
            # Every tenth second: the file stays small, and nobody sees more.
            minutes = [second / 60 for second in range(0, len(course.wanting), 10)]
            rates.plot(minutes, course.wanting[::10], color=OTHERS, label="want in")
            rates.plot(minutes, course.admitted[::10], color=OURS, label="get in")
            depths.plot(minutes, course.waiting[::10], color=OTHERS, label="people at sign-up")
            depths.plot(minutes, course.users[::10], color=OURS, label="queue: user service")
            depths.plot(
                minutes,
                course.mails[::10],
                color=WARM,
                linestyle="--",
                label="queue: welcome mails",
            )
            rates.set_title(title, fontsize=11, color=INK)
            depths.set_xlabel("minutes")
            for axes in (rates, depths):
                axes.spines[["top", "right"]].set_visible(False)
        grid[0][0].set_ylabel("people a second")
        grid[1][0].set_ylabel("waiting")
        for axes in (grid[0][0], grid[1][-1]):
            axes.legend(frameon=False, fontsize=9)
        _save(figure, out)


def _save(figure: Figure, out: Path) -> None:
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
