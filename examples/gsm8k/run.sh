#!/usr/bin/env bash
# Calibrates and evaluates a model of yours on GSM8K's test problems.
#   GSM8K_URL=… GSM8K_MODEL=… run.sh [test.jsonl]    without a file, it is fetched once into build/gsm8k
# ENOUGH names the program, if it is not the one in build/release or on the path.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

here=examples/gsm8k
out=build/gsm8k
source=https://raw.githubusercontent.com/openai/grade-school-math/master/grade_school_math/data/test.jsonl
problems=${1:-$out/test.jsonl}
enough=${ENOUGH:-build/release/orchestrator/cli/enough}
[[ -x $enough ]] || enough=enough
mkdir -p "$out"
if [[ ! -f $problems ]]; then
    [[ $# -eq 0 ]] || { echo "gsm8k: there is no file $problems" >&2; exit 2; }
    echo "gsm8k: fetching the problems (MIT licence)" >&2
    curl --fail --silent --show-error --location --output "$problems.part" "$source" ||
        { echo "gsm8k: could not fetch them; get test.jsonl of openai/grade-school-math and name it here" >&2; exit 1; }
    mv "$problems.part" "$problems"
fi
python3 "$here/make_items.py" "$problems" 600 >"$out/items.jsonl"
head -n 300 "$out/items.jsonl" >"$out/calibration-items.jsonl"
tail -n +301 "$out/items.jsonl" >"$out/evaluation-items.jsonl"

echo "gsm8k: calibrating on 300 problems; a refusal (exit code 1) is a result, too" >&2
"$enough" calibrate "$here/workflow.yaml" "$out/calibration-items.jsonl" --agent solver \
    -o "$out/calibration.json" --record "$out/calibration.cassette" || [ $? -eq 1 ]
echo "gsm8k: evaluating on the others" >&2
"$enough" eval "$here/workflow.yaml" "$out/evaluation-items.jsonl" --report "$out" --record "$out/evaluation.cassette"
