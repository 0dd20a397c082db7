#!/usr/bin/env python3
"""Counts what the gate decided in the run reports of the quick start."""
import json
import sys
from pathlib import Path


def outcome(report):
    calls = report["steps"]["solve"]["calls"]
    if report["status"] != "accepted":
        return report["status"]
    if len(calls) == 1:
        return "accepted at step 1"
    return "escalated" if calls[-1]["rung"] > 0 else f"accepted at step {calls[-1]['step']}"


def entropies(report):
    values = [call["signals"].get("entropy.mean") for call in report["steps"]["solve"]["calls"]]
    return " ".join("-" if value is None else f"{value:.2f}" for value in values)


def main():
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    print(f"{'report':<28} {'what':<20} {'entropy (bits)':<18} {'calls':>5} {'output tokens':>14}")
    for number in range(1, count + 1):
        file = folder / f"{number}.json"
        report = json.loads(file.read_text())
        usage = report["usage"]
        print(f"{str(file):<28} {outcome(report):<20} {entropies(report):<18} {usage['calls']:>5} "
              f"{usage['output_tokens']:>14}")


if __name__ == "__main__":
    main()
