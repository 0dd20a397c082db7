"""Reads what `threshold_simulation --csv` has written."""
import csv
from pathlib import Path

PAPER = ["mean", "information", "bayes", "universal"]
TEXTS = ("population", "method", "loss", "base", "promise")


def read(path):
    with Path(path).open(encoding="utf-8", newline="") as file:
        return [{key: value if key in TEXTS else float(value) for key, value in row.items()}
                for row in csv.DictReader(file)]


def unique(rows, key):
    return list(dict.fromkeys(row[key] for row in rows))


def pick(rows, **wanted):
    """The rows in which all the named figures are as wanted, by size."""
    chosen = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return sorted(chosen, key=lambda row: row["items"])
