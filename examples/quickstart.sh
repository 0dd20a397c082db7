#!/usr/bin/env bash
# Installs what is needed, builds `enough`, fetches a small model and runs a workflow on real questions with it.
# The first time takes some minutes, later ones some seconds. Works on Debian 12, as root or with sudo.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
  -h | --help)
    echo "usage: examples/quickstart.sh [QUESTION…]    (without questions: those of examples/quickstart/questions.txt)"
    exit 0
    ;;
esac

source examples/set_up.sh

workflow=examples/quickstart/workflow.yaml
reports=build/quickstart
mkdir -p "$reports"
say "Checking $workflow"
"$enough" check "$workflow"

questions=("$@")
[ $# -gt 0 ] || mapfile -t questions <examples/quickstart/questions.txt

say "Asking ${#questions[@]} questions"
number=0
for question in "${questions[@]}"; do
  number=$((number + 1))
  printf '\n%s\n' "$question"
  status=0
  "$enough" run "$workflow" -i "question=$question" --json --events "$reports/$number.events.jsonl" \
    >"$reports/$number.json" 2> >(grep -v 'warning: uncalibrated' >&2) || status=$?  # said once, by the check above
  # 3: finished, but no rung was sure; the report tells the best answer there was.
  [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || exit "$status"
  python3 -c 'import json, sys
report = json.load(open(sys.argv[1]))
print("  answer:", " ".join((report["output"] or "none").split())[:200])' "$reports/$number.json"
done

say "What happened"
python3 examples/quickstart/summary.py "$reports" "$number"
