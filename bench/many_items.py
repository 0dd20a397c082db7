#!/usr/bin/env python3
"""Runs a `for_each` over more and more scripted items and prints what each costs: wall time, the program's peak memory,
and both per item beyond the first row.

    bench/many_items.py build/release/orchestrator/cli/enough [ITEMS ...]
"""
import json
import os
import subprocess
import sys
import tempfile
import time

WORKFLOW = """
version: 1
name: many
inputs: {items: {type: list}}
models:
  scripted:
    provider: scripted
    answers: [{text: "It is 42, as so often, and there is little more to say about that.", entropy: 0.4, repeat: true}]
agents: {solver: {model: scripted, max_tokens: 64, answer: {extract: number}}}
steps:
  - id: each
    for_each: inputs.items
    max_parallel: 16
    agent: solver
    prompt: "Item {{ item }}"
    gate: {signal: entropy.mean, accept: 0.5}
output: "{{ length(steps.each.items) }}"
"""


def measure(program, folder, items):
    workflow = os.path.join(folder, "workflow.yaml")
    values = os.path.join(folder, "items.json")
    with open(workflow, "w") as file:
        file.write(WORKFLOW)
    with open(values, "w") as file:
        json.dump(list(range(items)), file)
    began = time.monotonic()
    child = subprocess.Popen([program, "run", workflow, "-q", "-i", f"items=@{values}"], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
    output = child.stdout.read().strip()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if output != str(items):
        sys.exit(f"expected {items} items, got '{output}' (exit code {child.returncode})")
    return time.monotonic() - began, usage.ru_maxrss  # KiB on Linux


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    counts = [int(each) for each in sys.argv[2:]] or [1, 100, 1000, 10000]
    print(f"{'items':>8} {'seconds':>9} {'peak KiB':>9} {'µs/item':>9} {'KiB/item':>9}")
    first = None
    with tempfile.TemporaryDirectory() as folder:
        for items in counts:
            seconds, peak = measure(sys.argv[1], folder, items)
            first = first or (items, seconds, peak)
            more = max(items - first[0], 1)
            print(f"{items:>8} {seconds:>9.3f} {peak:>9} {(seconds - first[1]) / more * 1e6:>9.1f} "
                  f"{(peak - first[2]) / more:>9.2f}")


if __name__ == "__main__":
    main()
