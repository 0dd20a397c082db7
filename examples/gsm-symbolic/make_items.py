#!/usr/bin/env python3
"""Writes grade-school word problems as labelled items: make_items.py COUNT SEED > items.jsonl

The problems are those of `gsm_symbolic` in the package reasoning-gym (Apache-2.0), which run.sh installs: templates made from
GSM8K with new names and numbers. The same version and seed give the same problems.
"""

import json
import sys

import reasoning_gym


def main() -> None:
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    for index, problem in enumerate(reasoning_gym.create_dataset("gsm_symbolic", size=count, seed=seed)):
        question = problem["question"].split(" Give the result as your final answer")[0]
        item = {"id": f"g{index:03}", "inputs": {"question": question}, "expected": problem["answer"]}
        print(json.dumps(item))


if __name__ == "__main__":
    main()
