#!/usr/bin/env bash
# Calibrates and evaluates the small model's gate on syllogisms: some minutes on two cores.
#   run.sh [FOLDER]    where the results go; default: build/syllogism
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source examples/set_up.sh

here=examples/syllogism
out=${1:-build/syllogism}
mkdir -p "$out"
say "The syllogisms: package reasoning-gym 0.1.25 (Apache-2.0), into a folder of its own"
[ -d "$out/python/reasoning_gym" ] || python3 -m pip install --quiet --target "$out/python" reasoning-gym==0.1.25
PYTHONPATH=$out/python python3 "$here/make_items.py" 400 1 >"$out/items.jsonl"
head -n 200 "$out/items.jsonl" >"$out/calibration-items.jsonl"
tail -n 200 "$out/items.jsonl" >"$out/evaluation-items.jsonl"

say "Calibrating on 200 items; a refusal (exit code 1) is a result, too"
"$enough" calibrate "$here/workflow.yaml" "$out/calibration-items.jsonl" --agent solver \
  -o "$out/calibration.json" --record "$out/calibration.cassette" || [ $? -eq 1 ]
say "Evaluating on 200 others"
"$enough" eval "$here/workflow.yaml" "$out/evaluation-items.jsonl" --report "$out" --record "$out/evaluation.cassette"
