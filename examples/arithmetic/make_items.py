#!/usr/bin/env python3
"""Writes arithmetic questions as labelled items: make_items.py COUNT SEED > items.jsonl

One- and two-digit sums, differences and products, in about equal parts; the same seed gives the same items, each question once.
"""

import json
import random
import sys

KINDS = [("+", 9, 9), ("+", 99, 9), ("+", 99, 99), ("-", 99, 9), ("*", 9, 9), ("*", 19, 9)]


def question(rng: random.Random, kind) -> tuple[str, int]:
    sign, most_a, most_b = kind
    a, b = rng.randint(2, most_a), rng.randint(2, most_b)
    if sign == "-" and b > a:
        a, b = b, a
    result = {"+": a + b, "-": a - b, "*": a * b}[sign]
    return f"{a} {sign} {b}", result


def main() -> None:
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    seen: set[str] = set()
    for attempt in range(100 * count):
        text, result = question(rng, KINDS[attempt % len(KINDS)])
        if text in seen:
            continue
        seen.add(text)
        print(json.dumps({"id": f"a{len(seen):03}", "inputs": {"question": text}, "expected": result}))
        if len(seen) == count:
            return
    sys.exit(f"there are not {count} different questions")


if __name__ == "__main__":
    main()
