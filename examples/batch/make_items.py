#!/usr/bin/env python3
"""Writes short questions as labelled items: make_items.py COUNT SEED > questions.jsonl

Sums, stories of things that come and go, and questions about words, all made up here; the same seed
gives the same items, each question once.
"""

import json
import random
import sys

NAMES = ["Ada", "Ben", "Clara", "Deniz", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jun"]
THINGS = ["apples", "books", "stamps", "marbles", "pencils", "stones", "tickets", "buttons"]
WORDS = ["apple", "bridge", "candle", "desert", "engine", "forest", "garden", "harbour", "island", "jungle", "kettle", "ladder",
         "market", "needle", "orange", "pepper", "rabbit", "saddle", "tunnel", "valley", "window", "yellow"]


def sums(rng):
    a, b = rng.randint(2, 99), rng.randint(2, 99)
    sign = rng.choice("+-")
    if sign == "-" and b > a:
        a, b = b, a
    return f"What is {a} {sign} {b}?", a + b if sign == "+" else a - b


def stories(rng):
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    has, gets = rng.randint(3, 20), rng.randint(2, 12)
    gives = rng.randint(1, has)
    return f"{name} has {has} {thing}, gives {gives} away and gets {gets} new ones. How many {thing} has {name} now?", \
        has - gives + gets


def letters(rng):
    word = rng.choice(WORDS)
    return f"How many letters has the word '{word}'?", len(word)


def dozens(rng):
    boxes, each, eaten = rng.randint(2, 9), rng.randint(3, 12), rng.randint(2, 5)
    return f"There are {boxes} boxes with {each} eggs each, and {eaten} eggs are broken. How many are whole?", \
        boxes * each - eaten


KINDS = [sums, stories, dozens, letters]


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
