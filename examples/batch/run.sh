#!/usr/bin/env bash
# 200 questions as a batch: interrupted twice, gone on with, and graded; then with a budget of 1.5 calls for each, against
# spending them evenly. Some minutes on two cores.
#   run.sh [FOLDER]    where the results go; default: build/batch. What an earlier run left there is removed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ -z "${ENOUGH:-}" ]; then
  source examples/set_up.sh
else
  enough=$ENOUGH
  say() { printf '\n== %s\n' "$*" >&2; }
  export ENOUGH_MODEL="${ENOUGH_MODEL:-$(cmake/setup/model.sh | tail -n 1)}"
fi

here=examples/batch
out=${1:-build/batch}
mkdir -p "$out"
rm -f "$out"/answers.jsonl* "$out"/budget.jsonl*

# One try: TRY SECONDS SIGNAL OPTION…; what a signal has ended is no failure here.
try() {
  local status=0
  say "$1"
  timeout --signal="$3" "$2" "$enough" batch "$here/workflow.yaml" "$here/questions.jsonl" -o "$out/answers.jsonl" "${@:4}" || status=$?
  case $status in
    0 | 124 | 130 | 137) ;;
    *) exit "$status" ;;
  esac
  "$enough" batch -o "$out/answers.jsonl" --status
}

try "A first try, killed without warning (kill -9)" "${FIRST:-10}" KILL
try "It goes on, and is interrupted (Ctrl-C)" "${SECOND:-10}" INT --resume
try "It goes on to the end" 3600 INT --resume

say "Every id once, in the order of the data"
python3 - "$here/questions.jsonl" "$out/answers.jsonl" <<'PYTHON'
import json, sys
asked, answered = ([json.loads(line) for line in open(file)] for file in sys.argv[1:])
assert [each["id"] for each in asked] == [each["id"] for each in answered]
number = lambda text: float(text) if text is not None else None
right = sum(number(b["output"]) == a["expected"] for a, b in zip(asked, answered))
calls = sum(each["usage"]["calls"] for each in answered)
print(f"{len(answered)} items, {right} right, {calls} calls")
PYTHON

say "The same questions with 1.5 calls each on average, the neediest first"
"$enough" batch "$here/workflow.yaml" "$here/questions.jsonl" -o "$out/budget.jsonl" --calls-per-item 1.5 --against-evenly
