#!/usr/bin/env bash
# Sets up what building and testing needs (Debian 12, as root or with sudo), builds, and runs the tests.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: tests/run.sh [--quick | --boost-1.90 | [--tsan] [--fuzz] | --all] [--help]

Without options, everything that must pass:
  lint       format, the co_await rule, include direction, house rules
  release    optimised build: end-to-end tests with a real model and with OpenAI's clients, the installed package
  asan       address and undefined behaviour sanitizers: all other tests
--tsan        also the concurrency tests under the thread sanitizer
--fuzz        also every fuzz target for 30 seconds, two at a time
--all         also both, as every change must pass them
--quick       the everyday subset instead: lint, a debug build, the tests that are not slow
--boost-1.90  the tests of agents and orchestrator instead, built with a Boost newer than the oldest supported one

Needs no network once packages and what is in the cache are there. Warnings are errors but in the release build.
ENOUGH_CACHE  where llama.cpp, the model and OpenAI's clients are kept between runs (default: ~/.cache/enough)
ENOUGH_TEST_URL  an OpenAI-compatible server for the end-to-end tests, in place of one started here
TEXT
}

quick=no tsan=no fuzz=no boost=no
for argument in "$@"; do
    case "$argument" in
        --quick) quick=yes ;;
        --tsan) tsan=yes ;;
        --fuzz) fuzz=yes ;;
        --all) tsan=yes fuzz=yes ;;
        --boost-1.90) boost=yes ;;
        --help | -h) usage; exit 0 ;;
        *) echo "run.sh: unknown argument '$argument'" >&2; usage >&2; exit 2 ;;
    esac
done

if [[ ($quick == yes || $boost == yes) && $# -gt 1 ]]; then
    echo "run.sh: --quick and --boost-1.90 stand alone" >&2
    exit 2
fi

cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
# A compiler cache that also serves other checkouts of the same sources.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

failed=()
failures=$(mktemp)  # what of the tests' output is said again at the end
trap 'rm -f "$failures"' EXIT

check() { # ctest's arguments...
    local log status=0
    log=$(mktemp)
    ctest "$@" --output-on-failure --no-tests=error --output-log "$log" || status=$?
    if [[ $status -ne 0 ]]; then
        {
            grep --after-context 8 --extended-regexp ': Failure$|Sanitizer: |runtime error: ' "$log" | head -n 60
            sed -n '/^The following tests FAILED/,$p' "$log"
        } >>"$failures" || true
    fi
    rm -f "$log"
    return $status
}

stage() { # <what> <command...>: says what it does and how long it took; remembers a failure and goes on
    local what=$1 start=$SECONDS
    shift
    printf '\n== %s\n' "$what"
    if "$@"; then
        printf '== %s: %d s\n' "$what" $((SECONDS - start))
    else
        failed+=("$what")
        printf '== %s: FAILED after %d s\n' "$what" $((SECONDS - start))
    fi
}

llama_and_model() {
    cmake/setup/llama.sh >/dev/null || return
    ENOUGH_MODEL=$(cmake/setup/model.sh | tail -n 1) || return
    export ENOUGH_MODEL
    if [[ $quick == no && $boost == no && -z ${ENOUGH_TEST_URL:-} ]]; then
        ENOUGH_LLAMA_SERVER=$(cmake/setup/llama.sh --server | tail -n 1) || return
        export ENOUGH_LLAMA_SERVER
    fi
}

build() { # <preset> [options of the build...]
    # Said anew: an earlier configuration of the same folder may have left something out.
    local options=(-DENOUGH_TESTS=ON -DENOUGH_EXAMPLES=ON -DENOUGH_LLAMA=ON -DENOUGH_SDK_TESTS=ON)
    # What only the optimiser warns of is often wrong.
    [[ $1 == release ]] || options+=(-DENOUGH_WERROR=ON)
    cmake --preset "$1" "${options[@]}" && cmake --build --preset "$@"
}

release() {
    build release --target orchestrator/all examples/all tests/e2e/all &&
        check --preset release --label-regex 'e2e|llama|package'
}

thread_sanitizer() {
    build tsan --target tests/agents/all many_runs_test server_store_test batch_test &&
        check --test-dir build/tsan/tests/agents --parallel 2 &&
        check --test-dir build/tsan/tests/orchestrator --label-regex 'many_runs|server_store|batch'
}

fuzz() {
    tests/fuzz/run.sh --seconds 30 --jobs 2
}

newer_boost() {
    local folder=build/boost-1.90 prefix
    prefix=$(cmake/setup/boost.sh | tail -n 1) || return
    cmake --preset dev -B "$folder" -DBoost_ROOT="$prefix" -DENOUGH_TESTS=ON -DENOUGH_EXAMPLES=OFF -DENOUGH_LLAMA=OFF &&
        cmake --build "$folder" --target tests/agents/all tests/orchestrator/all &&
        check --test-dir "$folder" --label-regex 'agents|orchestrator|many_runs|batch' --parallel 2
}

asan() {
    build asan --target all all_verify_interface_header_sets && check --preset asan --label-exclude 'e2e|package'
}

dev() {
    build dev && check --preset dev --label-exclude 'e2e|package|slow'
}

main() {
    stage packages cmake/setup/packages.sh lint
    stage lint tests/lint/run.sh
    [[ $boost == yes ]] || stage llama_and_model llama_and_model
    [[ $quick == yes || $boost == yes ]] || stage sdk tests/sdk/setup.sh
    if [[ ${failed[*]} == *packages* || ${failed[*]} == *llama* ]]; then
        exit 1  # nothing can be built
    fi
    if [[ $quick == yes ]]; then
        stages=(dev)
    elif [[ $boost == yes ]]; then
        stages=(newer_boost)
    else
        stages=(release)
        [[ $tsan == no ]] || stages+=(thread_sanitizer)
        [[ $fuzz == no ]] || stages+=(fuzz)
        stages+=(asan)
    fi
    # The last one stands bare, so that ctest's summary is the last thing printed.
    for each in "${stages[@]::${#stages[@]}-1}"; do
        stage "$each" "$each"
    done
    last=${stages[-1]}
    printf '\n== %s (%d s so far)\n' "$last" $SECONDS
    "$last" || failed+=("$last")
    if [[ ${#failed[@]} -gt 0 ]]; then
        cat "$failures"
        printf '\n== FAILED: %s\n' "${failed[*]}"
        exit 1
    fi
}

main; exit  # one line, read before it runs: the file may change meanwhile
