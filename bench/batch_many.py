#!/usr/bin/env python3
"""Runs `enough batch` on scripted items and prints, while it runs, how many have ended and how much memory it holds; then the
rate, the peak and the size of its files.

    bench/batch_many.py build/release/orchestrator/cli/enough [ITEMS [SECONDS]]

1,000,000 items by default. After SECONDS (120; 0: never) it is interrupted and gone on with once for the rest, so that both
ways are seen; the rates of both are printed.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

WORKFLOW = """
version: 1
name: many
inputs: {question: {type: string}}
models:
  scripted:
    provider: scripted
    answers: [{text: "It is 42, as so often, and there is little more to say about that.", entropy: 0.4, repeat: true}]
agents: {solver: {model: scripted, max_tokens: 64, answer: {extract: number}}}
steps:
  - id: solve
    agent: solver
    prompt: "{{ inputs.question }}"
    gate: {signal: entropy.mean, accept: 0.5}
output: "{{ steps.solve.answer }}"
"""


def resident(pid):
    """KiB."""
    try:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def size(name):
    return os.path.getsize(name) if os.path.exists(name) else 0


def ended(program, folder):
    out = subprocess.run([program, "batch", "-o", "out.jsonl", "--status", "--json"], cwd=folder, stdout=subprocess.PIPE,
                         text=True, check=True).stdout
    return json.loads(out)["ended"]


def run(program, folder, limit, *options):
    """Runs it to its end, or interrupts it after `limit` seconds; returns exit code, seconds and peak KiB."""
    began = time.monotonic()
    child = subprocess.Popen([program, "batch", "w.yaml", "data.jsonl", "-o", "out.jsonl", "-q", *options], cwd=folder)
    shown = 0.0
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        seconds = time.monotonic() - began
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, seconds, usage.ru_maxrss
        now = resident(child.pid)
        if seconds - shown >= 5:
            shown = seconds
            print(f"{seconds:>8.0f} s {now / 1024:>8.1f} MiB  {size(os.path.join(folder, 'out.jsonl.part')) / 1e6:>9.1f} MB of lines",
                  flush=True)
        if limit and seconds > limit:
            child.send_signal(signal.SIGINT)
            limit = None
        time.sleep(0.1)


def main():
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    program = os.path.abspath(sys.argv[1])
    items = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    limit = float(sys.argv[3]) if len(sys.argv) > 3 else 120
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "w.yaml"), "w") as file:
            file.write(WORKFLOW)
        with open(os.path.join(folder, "data.jsonl"), "w") as file:
            for i in range(items):
                file.write(f'{{"id":{i},"inputs":{{"question":"item {i}"}}}}\n')
        code, seconds, peak = run(program, folder, limit)
        done = ended(program, folder)
        print(f"{done} items in {seconds:.1f} s: {done / seconds:.0f}/s, intake included; peak {peak / 1024:.1f} MiB")
        if code == 130:
            code, seconds, peak = run(program, folder, 0, "--resume")
            rest = ended(program, folder) - done
            print(f"{rest} more in {seconds:.1f} s: {rest / seconds:.0f}/s; peak {peak / 1024:.1f} MiB")
        if code != 0:
            sys.exit(f"exit code {code}")
        count = 0
        with open(os.path.join(folder, "out.jsonl")) as file:
            for count, line in enumerate(file, 1):
                if not line.startswith(f'{{"id":{count - 1},'):
                    sys.exit(f"line {count} is out of order")
        if count != items:
            sys.exit(f"{count} lines instead of {items}")
        for name in ("data.jsonl", "out.jsonl", "out.jsonl.state"):
            print(f"{name:>16} {size(os.path.join(folder, name)) / 1e6:>9.1f} MB {size(os.path.join(folder, name)) / items:>8.0f} bytes an item")


if __name__ == "__main__":
    main()
