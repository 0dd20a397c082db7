#!/usr/bin/env python3
"""Writes short questions as labelled items: make_items.py COUNT SEED > questions.jsonl

Small numbers: some kinds are easy for a small model, some are not. The same seed gives the same items,
each question once.
"""

import json
import random
import sys

def sums(rng):
    a, b = rng.randint(1, 10), rng.randint(1, 10)
    return f"What is {a} + {b}?", a + b


def differences(rng):
    a = rng.randint(2, 10)
    b = rng.randint(1, a - 1)
    return f"What is {a} - {b}?", a - b


def products(rng):
    a, b = rng.randint(2, 9), rng.randint(2, 10)
    return f"What is {a} * {b}?", a * b


def successors(rng):
    a = rng.randint(1, 99)
    return f"Which number comes after {a}?", a + 1


def larger(rng):
    a, b = rng.sample(range(1, 100), 2)
    return f"Which number is larger, {a} or {b}?", max(a, b)


def halves(rng):
    a = rng.randint(2, 50)
    return f"What is half of {2 * a}?", a


KINDS = [sums, differences, products, successors, larger, halves]


def main() -> None:
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    rng = random.Random(seed)
    seen: set[str] = set()
    for attempt in range(100 * count):
        text, result = KINDS[attempt % len(KINDS)](rng)
        if text in seen:
            continue
        seen.add(text)
        print(json.dumps({"id": f"q{len(seen):03}", "inputs": {"question": text}, "expected": result}))
        if len(seen) == count:
            return
    sys.exit(f"there are not {count} different questions")


if __name__ == "__main__":
    main()
