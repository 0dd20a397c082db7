#!/usr/bin/env python3
"""Prints tables for docs/calibration-simulation.md, and more, from a CSV of threshold_simulation.

All figures are in per cent, ± their standard errors; – where no calibration gives a threshold.

Usage: tables.py CSV
"""
import sys

from figures import PAPER, pick, read, unique


def shown(row, figure):
    if figure not in ("no_threshold", "refused_by_default") and row["no_threshold"] == 1:
        return "–"
    value, error = 100 * row[figure], 100 * row[figure + "_error"]
    if error == 0:  # none or all of the calibrations
        return f"{value:.0f}"
    digits = 2 if figure in ("accuracy_change", "true_loss") else 1
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def table(head, lines):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def paper(rows, population, figure):
    lines = []
    for first in pick(rows, population=population, method="mean"):
        its = [pick(rows, population=population, method=method, items=first["items"])[0] for method in PAPER]
        lines.append([f"{first['items']:.0f}", *(shown(row, figure) for row in its), shown(first, "no_threshold"),
                      shown(first, "refused_by_default")])
    print(f"{population}: {figure}\n")
    table(["items", *PAPER, "no threshold", "refused by default"], lines)


def targets(rows):
    """(method, loss, base, epsilon) of what promises something."""
    return list(dict.fromkeys((row["method"], row["loss"], row["base"], row["epsilon"])
                              for row in rows if row["method"] not in PAPER))


def promised(method):
    return "true_loss" if method == "crc" else "exceeds"


def promises(rows, population, figure):
    """One line a target, one column a size; `figure` None: what the method promises."""
    lines = []
    for method, loss, base, epsilon in targets(rows):
        its = pick(rows, population=population, method=method, loss=loss, base=base, epsilon=epsilon)
        limit = epsilon if method == "crc" else its[0]["delta"]
        name = f"`{method}`, {loss} of {base} ≤ {100 * epsilon:g}"
        cells = [shown(row, figure or promised(method)) for row in its]
        lines.append([name, *([] if figure else [f"{'mean' if method == 'crc' else 'share'} ≤ {100 * limit:g}"]), *cells])
    sizes = [f"{size:.0f}" for size in unique(rows, "items")]
    print(f"{population}: {figure or 'what is promised'}\n")
    table(["method and loss", *([] if figure else ["promise"]), *sizes], lines)


def worst(rows):
    lines = []
    for method, loss, base, epsilon in targets(rows):
        its = pick(rows, method=method, loss=loss, base=base, epsilon=epsilon)
        row = max(its, key=lambda row: row[promised(method)])
        lines.append([f"`{method}`, {loss} of {base} ≤ {100 * epsilon:g}", shown(row, promised(method)),
                      f"{row['population']}, {row['items']:.0f} items"])
    print("largest over all populations and sizes\n")
    table(["method and loss", "largest", "where"], lines)


def main(source):
    rows = read(source)
    for population in unique(rows, "population"):
        for figure in ("loses_2_points", "loses_by_default", "accuracy_change", "savings"):
            paper(rows, population, figure)
        for figure in (None, "no_threshold", "savings", "loses_2_points"):
            promises(rows, population, figure)
    worst(rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
