#!/usr/bin/env bash
# Measures which lines and branches of the libraries the tests reach.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: tests/coverage.sh

Builds everything without optimisation in build/coverage, runs all tests but those of the report page, the package and the
lint rules, and prints per library how many lines and branches they reached, then the files of which they reached least. Branches that only an
exception takes are not counted. Line by line: build/coverage/report/index.html.
Needs gcovr: cmake/setup/packages.sh coverage installs it. ENOUGH_CACHE as for tests/run.sh.
TEXT
}

case "${1:-}" in
    "") ;;
    --help | -h) usage; exit 0 ;;
    *) echo "coverage.sh: unknown argument '$1'" >&2; usage >&2; exit 2 ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

cmake/setup/packages.sh coverage
cmake/setup/llama.sh >/dev/null
ENOUGH_MODEL=$(cmake/setup/model.sh | tail -n 1)
ENOUGH_LLAMA_SERVER=$(cmake/setup/llama.sh --server | tail -n 1)
export ENOUGH_MODEL ENOUGH_LLAMA_SERVER

cmake --preset coverage -DENOUGH_TESTS=ON -DENOUGH_EXAMPLES=OFF -DENOUGH_LLAMA=ON
cmake --build --preset coverage
# What an earlier run counted; a counter of another build would be refused.
find build/coverage -name '*.gcda' -delete
failed=no
ctest --preset coverage --label-exclude 'package|lint' --exclude-regex '^page\.' || failed=yes

mkdir -p build/coverage/report
gcovr --root . --filter agents/ --filter policies/ --filter workflows/ --filter orchestrator/ \
    --exclude-throw-branches --exclude-unreachable-branches \
    --html-details build/coverage/report/index.html --json-summary build/coverage/report/summary.json build/coverage
python3 - build/coverage/report/summary.json <<'PYTHON'
import json, sys
from collections import Counter

LEAST = 15

files = json.load(open(sys.argv[1], encoding="utf-8"))["files"]
folders: dict[str, Counter] = {}
for file in files:
    parts = file["filename"].split("/")
    folder = "/".join(parts[:2]) if parts[:2] == ["orchestrator", "cli"] else parts[0]
    folders.setdefault(folder, Counter()).update({key: file[key] for key in (
        "line_total", "line_covered", "branch_total", "branch_covered")})


def row(name: str, counts: dict) -> str:
    def share(what: str) -> str:
        covered, total = counts[what + "_covered"], counts[what + "_total"]
        return f"{covered:>6} of {total:>6} {100 * covered / total:5.1f} %" if total else f"{'none':>23}"
    return f"{name:<52}{share('line')}   {share('branch')}"


print(f"\n{'':<52}{'lines':>23}   {'branches':>23}")
for folder in sorted(folders):
    print(row(folder, folders[folder]))
print(f"\nLeast reached, by lines:")
for file in sorted(files, key=lambda each: each["line_covered"] - each["line_total"])[:LEAST]:
    print(row(file["filename"], file))
PYTHON
[[ $failed == no ]] || { echo "coverage: tests failed; what they would have reached is missing" >&2; exit 1; }
