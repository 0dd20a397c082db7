#!/usr/bin/env python3
"""Writes a scripted workflow and labelled items into a folder: workflow.yaml, calibrated.yaml and data.jsonl.

Usage: sample_cascade.py FOLDER [--items 60] [--seed 1]
calibrated.yaml is the same workflow with the thresholds of a file cal.json. Its models' texts are hostile to pages.
"""

import argparse
import json
import random
from pathlib import Path

HOSTILE = ['</script><script>alert(1)</script>', '<img src=x onerror=alert(1)>', '"&amp;\'', "\u202ebackwards\u2028", "🙂 ²"]


def answer(when: str, text: str, entropy: float, tokens: int) -> dict:
    return {"when": when, "text": text, "entropy": round(entropy, 3), "tokens": tokens, "repeat": True}


def workflow(small: list, large: list, gate: str) -> str:
    return f"""version: 1
name: sample-cascade
inputs: {{question: {{type: string}}}}
models:
  small: {{provider: scripted, price: {{input: 0.1, output: 0.4}}, answers: {json.dumps(small, ensure_ascii=False)}}}
  large: {{provider: scripted, price: {{input: 1, output: 4}}, answers: {json.dumps(large, ensure_ascii=False)}}}
agents:
  solver: {{model: small, temperature: 0.7, max_tokens: 100, answer: {{extract: number}}}}
  expert: {{model: large, answer: {{extract: number}}}}
steps:
  - id: solve
    prompt: "{{{{ inputs.question }}}}"
    ladder:
      - {{agent: solver, gate: {{signal: entropy.mean, accept: {gate}}}, refine: {{max_steps: 2, until: all, prompt: Review it.}}}}
      - {{agent: expert, handover: answer}}
output: "{{{{ steps.solve.answer }}}}"
eval: {{grader: number}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    small, large, data = [], [], []
    for i in range(arguments.items):
        right = draw.random() < 0.55
        asked = f"^item {i} "
        odd = HOSTILE[i % len(HOSTILE)]
        small.append(answer(asked, f"{odd} so {i if right else i + 1}", max(0.05, draw.gauss(0.6 if right else 1.1, 0.3)), 5 + i % 7))
        large.append(answer(f"item {i} ", f"{odd} is {i if draw.random() < 0.9 else i + 1}", 0.3, 20))
        data.append({"id": i if i % 2 else f"{odd} {i}", "inputs": {"question": f"item {i} {odd}"}, "expected": i})
    small.append(answer("Review", "on reflection 7", 0.2, 6))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    (arguments.folder / "workflow.yaml").write_text(workflow(small, large, "0.8"), "utf-8")
    calibrated = workflow(small, large, "{calibration: cal.json, method: universal}")
    (arguments.folder / "calibrated.yaml").write_text(calibrated, "utf-8")
    (arguments.folder / "data.jsonl").write_text("".join(json.dumps(line) + "\n" for line in data), "utf-8")


if __name__ == "__main__":
    main()
