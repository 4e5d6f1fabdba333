"""The figures as pictures that can be read on a light page and on a dark one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

INK = "#808890"
OURS = "#3b9c8f"
OTHERS = "#8f9bb3"


def cold_starts(
    figures: Mapping[str, float], labels: Sequence[tuple[str, str]], budget: float, out: Path
) -> None:
    """Bars of cold starts as multiples of the tutorial handler's."""
    style: dict[Any, Any] = {
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
    with mpl.rc_context(style):
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
        figure.savefig(
            out, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
