#!/usr/bin/env bash
# Calibrates and evaluates the small model's gate on generated arithmetic: some minutes on two cores.
#   run.sh [FOLDER]    where the results go; default: build/arithmetic
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source examples/set_up.sh

here=examples/arithmetic
out=${1:-build/arithmetic}
mkdir -p "$out"
python3 "$here/make_items.py" 440 1 >"$out/items.jsonl"
head -n 240 "$out/items.jsonl" >"$out/calibration-items.jsonl"
tail -n 200 "$out/items.jsonl" >"$out/evaluation-items.jsonl"

say "Calibrating on 240 items; a refusal (exit code 1) is a result, too"
"$enough" calibrate "$here/workflow.yaml" "$out/calibration-items.jsonl" --agent solver \
  -o "$out/calibration.json" --record "$out/calibration.cassette" || [ $? -eq 1 ]
say "Evaluating on 200 others"
"$enough" eval "$here/workflow.yaml" "$out/evaluation-items.jsonl" --report "$out" --record "$out/evaluation.cassette"
