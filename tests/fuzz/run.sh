#!/usr/bin/env bash
# Builds the fuzz targets and lets each look for inputs that break what it promises.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: tests/fuzz/run.sh [--seconds N] [--jobs N] [target...]

Runs every target (or those named: expression, load, ...) for N seconds (30), N of them at once (1). Each begins with its
inputs in tests/fuzz/corpora/ and uses its dictionary, tests/fuzz/*.dict, if there is one. Exits 1 if anything was found;
the input that shows it lies in build/fuzz/findings/ then, and is run again by
  build/fuzz/tests/fuzz/NAME_fuzz build/fuzz/findings/FILE
New inputs are kept in build/fuzz/corpora/ for the next run; nothing is written elsewhere.
TEXT
}

fail() { echo "fuzz: $*" >&2; exit 2; }
is_number() { [[ $1 =~ ^[1-9][0-9]{0,5}$ ]]; }

seconds=30 at_once=1 targets=()
while [[ $# -gt 0 ]]; do
    case "$1" in
        --seconds | --jobs)
            is_number "${2:-}" || fail "$1 needs a number from 1 to 999999"
            if [[ $1 == --seconds ]]; then seconds=$2; else at_once=$2; fi
            shift 2
            ;;
        --help | -h) usage; exit 0 ;;
        -*) echo "fuzz: unknown option '$1'" >&2; usage >&2; exit 2 ;;
        *) targets+=("$1"); shift ;;
    esac
done

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
exec </dev/null
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

all=()
for source in tests/fuzz/*_fuzz.cpp; do
    name=$(basename "$source" _fuzz.cpp)
    all+=("$name")
done
[[ ${#targets[@]} -gt 0 ]] || targets=("${all[@]}")
for target in "${targets[@]}"; do
    [[ " ${all[*]} " == *" $target "* ]] || fail "there is no target '$target'; there are: ${all[*]}"
    compgen -G "tests/fuzz/corpora/$target/*" >/dev/null || fail "tests/fuzz/corpora/$target holds no inputs to begin with"
done

log=build/fuzz/build.log
mkdir -p build/fuzz/findings build/fuzz/logs
echo "fuzz: building ${targets[*]}"
if ! { cmake --preset fuzz -DENOUGH_TESTS=ON && cmake --build --preset fuzz --target "${targets[@]/%/_fuzz}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "the build failed; the whole log is $log (clang-19 comes with cmake/setup/packages.sh lint)"
fi

# What a target says at its end: `#9 DONE cov: 81 ft: 95 corp: 12/40b ...`, then `Done 9 runs in 3 second(s)`.
summary() { # <name>
    local last runs
    last=$(grep -E '^#[0-9]+\s+DONE' "build/fuzz/logs/$1.log" | tail -n 1)
    runs=$(sed -nE 's/^Done ([0-9]+) runs in ([0-9]+) second.*/\1 inputs in \2 s/p' "build/fuzz/logs/$1.log" | tail -n 1)
    sed -nE "s/.* cov: ([0-9]+) ft: ([0-9]+) corp: ([0-9]+).*/$1: $runs, \1 edges, \2 features, \3 inputs kept/p" <<<"$last"
}

run() { # <name>: 1 if it found something
    local name=$1 dictionary=()
    [[ ! -f tests/fuzz/$name.dict ]] || dictionary=(-dict="tests/fuzz/$name.dict")
    mkdir -p "build/fuzz/corpora/$name"
    ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
        "build/fuzz/tests/fuzz/${name}_fuzz" -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=1500 \
        "${dictionary[@]}" -artifact_prefix="build/fuzz/findings/$name-" \
        "build/fuzz/corpora/$name" "tests/fuzz/corpora/$name" >"build/fuzz/logs/$name.log" 2>&1 &
    # shellcheck disable=SC2064
    trap "kill $! 2>/dev/null" TERM
    if wait $!; then
        summary "$name"
        return
    fi
    tail -n 40 "build/fuzz/logs/$name.log"
    echo "$name: FOUND something: $(sed -n 's/.*Test unit written to //p' "build/fuzz/logs/$name.log" | tail -n 1)" \
        "(log: build/fuzz/logs/$name.log)"
    return 1
}

trap 'jobs -p | xargs -r kill 2>/dev/null || true' EXIT
found=0 running=0
one_ends() { wait -n || found=$((found + 1)); running=$((running - 1)); }
for target in "${targets[@]}"; do
    [[ $running -lt $at_once ]] || one_ends
    run "$target" &
    running=$((running + 1))
done
while [[ $running -gt 0 ]]; do one_ends; done
echo "fuzz: ${#targets[@]} targets, $found with findings"
[[ $found -eq 0 ]]
