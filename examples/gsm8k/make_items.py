#!/usr/bin/env python3
"""Writes GSM8K problems as labelled items: make_items.py FILE [COUNT] > items.jsonl

FILE is the set's test.jsonl or train.jsonl: JSON lines of a question and a worked answer whose last line is `#### NUMBER`.
"""

import json
import sys


def main() -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else None
    with open(sys.argv[1], encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if count is not None and number > count:
                return
            problem = json.loads(line)
            solution, mark, result = problem["answer"].rpartition("####")
            if not (solution and mark and result.strip()):
                sys.exit(f"{sys.argv[1]}:{number}: the answer does not end with #### and a number")
            item = {"id": f"g{number:04}", "inputs": {"question": problem["question"]}, "expected": result.strip()}
            print(json.dumps(item))


if __name__ == "__main__":
    main()
