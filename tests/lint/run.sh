#!/usr/bin/env bash
# Everything a machine can say about the text of the sources: format, the co_await rule, include direction, house rules, and
# that the tests which docs/complaints.md names are there.
# Builds nothing; a few seconds. Exits 1 if any of them complains.
set -uo pipefail
cd "$(dirname "$0")" || exit 2
export PYTHONDONTWRITEBYTECODE=1

status=0
./format.sh || status=1
for rule in co_await_rule complaints include_direction house; do
    python3 "$rule.py" || status=1
    tested=$(python3 "${rule}_test.py" 2>&1) || { echo "$tested"; status=1; }
done
exit $status
