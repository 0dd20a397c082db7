#!/usr/bin/env python3
"""Writes syllogisms as labelled items: make_items.py COUNT SEED > items.jsonl

They are those of `syllogism` in the package reasoning-gym (Apache-2.0), which run.sh installs. The same version and seed give
the same items; questions that come up twice are left out.
"""

import json
import sys

import reasoning_gym


def main() -> None:
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    seen: set[str] = set()
    for problem in reasoning_gym.create_dataset("syllogism", size=2 * count, seed=seed):
        question = problem["question"].replace("(Answer Yes or No)", "").strip()
        if question in seen or len(seen) == count:
            continue
        seen.add(question)
        expected = {"Yes": "(?i)^yes$", "No": "(?i)^(no|not)$"}[problem["answer"]]
        print(json.dumps({"id": f"s{len(seen):03}", "inputs": {"question": question}, "expected": expected}))


if __name__ == "__main__":
    main()
