#!/usr/bin/env python3
"""Every test that docs/complaints.md names must exist: `Suite.Test` in a C++ file of tests/, `name.yaml` in tests/cases/."""
import pathlib
import re
import sys

NAMED = re.compile(r"`([A-Za-z_/]+\.[A-Za-z_0-9]+)`")
DEFINED = re.compile(r"^\s*TEST(?:_[FP])?\((\w+),\s*(\w+)\)", re.MULTILINE)


def existing(root):
    names = set()
    for file in (root / "tests").rglob("*.cpp"):
        names.update(f"{suite}.{test}" for suite, test in DEFINED.findall(file.read_text(encoding="utf-8")))
    names.update(file.name for file in (root / "tests" / "cases").glob("*.yaml"))
    return names


def missing(text, names):
    """Those named in the last column of the table's rows that are no test."""
    found = []
    for line in text.splitlines():
        cells = line.split(" | ")
        if not line.startswith("| ") or len(cells) < 4 or cells[0] == "| complaint":
            continue
        named = [name.split("/")[-1] for name in NAMED.findall(cells[-1])]
        if not named:
            found.append(f"no test: {line[:80]}")
        found += [name for name in named if name not in names]
    return found


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    page = root / "docs" / "complaints.md"
    faults = missing(page.read_text(encoding="utf-8"), existing(root))
    for fault in faults:
        print(f"{page}: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
