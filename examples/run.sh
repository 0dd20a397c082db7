#!/usr/bin/env bash
# Runs an example of several agents: examples/run.sh NAME [INPUT…]; --help lists them. The first time it installs, builds and
# fetches what is needed, in some minutes. Works on Debian 12, as root or with sudo.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

help() {
  cat <<'TEXT'
usage: examples/run.sh NAME [INPUT…]

  INPUT is NAME=VALUE, NAME=@FILE, or the text of the first input; without any, those of examples/NAME/inputs.txt.

  examples/run.sh cascade
  examples/run.sh cascade "How many legs does a spider have?"
  ENOUGH_MODELS=servers CHEAP_URL=… CHEAP_MODEL=… STRONG_URL=… STRONG_MODEL=… examples/run.sh cascade

Examples:
TEXT
  local inputs folder
  for inputs in examples/*/inputs.txt; do
    folder=$(dirname "$inputs")
    printf '  %-18s %s\n' "$(basename "$folder")" "$(sed -n 's/^description: //p' "$folder/workflow.yaml")"
  done
  cat <<'TEXT'

Variables:
  ENOUGH_MODELS   servers: the models of examples/models/servers.yaml, not the small one in this process
  ENOUGH_MODEL    another GGUF file for the models in this process
  ENOUGH          a program that is there already; then nothing is installed and built
  MAX_TOKENS      of each answer; models that reason want 2048 and more
TEXT
}

case "${1:-}" in
  -h | --help) help; exit 0 ;;
  "") help >&2; exit 2 ;;
esac
name=$1
shift
here=examples/$name
if [ ! -f "$here/inputs.txt" ]; then
  echo "run.sh: there is no example '$name' here; there are: $(cd examples && echo */inputs.txt | sed 's|/inputs.txt||g')" >&2
  exit 2
fi

if [ -z "${ENOUGH:-}" ]; then
  source examples/set_up.sh
else
  enough=$ENOUGH
  say() { printf '\n== %s\n' "$*" >&2; }
  [ "${ENOUGH_MODELS:-embedded}" != embedded ] || export ENOUGH_MODEL="${ENOUGH_MODEL:-$(cmake/setup/model.sh)}"
fi

reports=build/examples/$name
mkdir -p "$reports"
say "Checking $here/workflow.yaml"
"$enough" check "$here/workflow.yaml"

# One run: ask NUMBER NAME=VALUE…
ask() {
  local report=$reports/$1.json status=0 arguments=() input
  for input in "${@:2}"; do arguments+=(-i "$input"); done
  say "${@:2}"
  # Warnings were said by the check above. Ctrl-C is for the program, which then still prints what it has.
  "$enough" run "$here/workflow.yaml" "${arguments[@]}" --json --events "$reports/$1.events.jsonl" 2>&1 >"$report" |
    (trap '' INT; exec sed -u '/: warning: /d' >&2) || status=$?
  python3 -c 'import json, sys
output = json.load(open(sys.argv[1])).get("output")
if output is not None: print("\n" + (output if isinstance(output, str) else json.dumps(output)).strip())' "$report"
  # 3: finished, but nobody was sure; the output is the best answer there was.
  [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || exit "$status"
}

first=$(head -n 1 "$here/inputs.txt")
number=1
inputs=()
if [ $# -gt 0 ]; then
  for input in "$@"; do
    [[ $input =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || input=${first%%=*}=$input
    inputs+=("$input")
  done
else
  # An input a line; an empty line begins another run.
  while IFS= read -r line; do
    if [ -n "$line" ]; then
      inputs+=("$line")
    else
      ask "$number" "${inputs[@]}"
      number=$((number + 1))
      inputs=()
    fi
  done <"$here/inputs.txt"
fi
ask "$number" "${inputs[@]}"
say "What happened, call by call:$(printf " $reports/%s.json" $(seq "$number"))"
