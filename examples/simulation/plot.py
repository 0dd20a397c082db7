#!/usr/bin/env python3
"""Draws how often each threshold loses, and what it saves, from a CSV of threshold_simulation. Needs matplotlib.

Usage: plot.py CSV SVG
"""
import sys

import matplotlib
from matplotlib.ticker import FixedLocator, NullLocator

from figures import PAPER, pick, read, unique

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of the backend)

INK = "#7d8590"  # reads on white and on near-black
TITLES = {
    "gain-8": "refining gains 8 points,\nflips one way",
    "gain-8-both-ways": "refining gains 8 points,\nflips both ways",
    "no-signal": "gains 8 points,\nentropy says nothing (d = 0)",
}
STYLES = {
    "mean": ("#3b8bd0", "o", "-"), "information": ("#d9822b", "s", "-"), "bayes": ("#c2569b", "^", "-"),
    "universal": ("#9a7fd1", "D", "-"), "crc": ("#2f9e6e", "o", "--"), "bound": ("#d1495b", "s", "--"),
}
FIGURES = {
    "loses_2_points": "calibrations that truly\nlose > 2 points (%)",
    "savings": "tokens truly saved,\non average (%)",
}
STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "thresholds", "font.family": "sans-serif", "font.size": 9,
    "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "grid.color": INK, "grid.alpha": 0.25,
}


def draw(axes, rows, population, figure):
    for method, (colour, marker, line) in STYLES.items():
        target = {} if method in PAPER else {"loss": "regret"}
        its = pick(rows, population=population, method=method, **target)
        axes.plot([row["items"] for row in its], [100 * row[figure] for row in its],
                  color=colour, marker=marker, linestyle=line, markersize=4, linewidth=1.4, label=method)
    sizes = unique(rows, "items")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(sizes))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([f"{size:.0f}" for size in sizes])
    axes.set_ylim(-3, 103 if figure != "savings" else 52)
    axes.grid(axis="y")


def main(source, target):
    rows = read(source)
    with plt.rc_context(STYLE):
        picture, grid = plt.subplots(len(FIGURES), len(TITLES), figsize=(9, 5.4), sharex=True, sharey="row")
        for line, (figure, label) in zip(grid, FIGURES.items()):
            for axes, population in zip(line, TITLES):
                draw(axes, rows, population, figure)
            line[0].set_ylabel(label)
        for axes, title in zip(grid[0], TITLES.values()):
            axes.set_title(title, fontsize=9)
        for axes in grid[-1]:
            axes.set_xlabel("items of the calibration")
        picture.legend(*grid[0][0].get_legend_handles_labels(), loc="lower center", ncol=len(STYLES), frameon=False)
        picture.tight_layout(rect=(0, 0.05, 1, 1))
        picture.savefig(target, transparent=True, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
