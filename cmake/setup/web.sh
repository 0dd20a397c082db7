#!/usr/bin/env bash
# Builds the web page of `enough serve` (orchestrator/web/serve) once for each state of its sources and keeps it in the cache.
#   web.sh                last line on stdout: the folder with page_files.cpp, the page as C++ source
#   web.sh --output FILE  the same, and puts it there
#   web.sh --modules      only installs what it is built with, once for each lock file; last line: the folder of node_modules
#   web.sh --test         type check and unit tests of the page's logic
# Needs Node.js 18 or newer with npm; npm's own configuration says from where packages come. No package runs a script of
# its own at installation. ENOUGH_CACHE moves the cache.
set -euo pipefail

source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../orchestrator/web/serve" && pwd)
cache=${ENOUGH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/enough}

say() { echo "web: $*" >&2; }
fail() { say "$*"; exit 1; }

what=build output=
case "${1:-}" in
    "") ;;
    --output) output=${2:?web.sh: --output needs a file} ;;
    --modules) what=modules ;;
    --test) what=test ;;
    *) echo "web.sh: unknown argument '$1' (--output FILE, --modules, --test)" >&2; exit 2 ;;
esac

hash_of() { # <files...>: of their names and contents, relative to the sources
    (cd "$source_folder" && sha256sum "$@") | sha256sum | cut -c1-12
}
mapfile -t sources < <(cd "$source_folder" && find . -type f -not -path './node_modules/*' -not -path './dist/*' | LC_ALL=C sort)
shipped=()  # tests, and the list of sources for CMake, change nothing of the page
for each in "${sources[@]}"; do
    [[ $each == ./test/* || $each == ./sources.cmake ]] || shipped+=("$each")
done
page=$cache/page-$(hash_of "${shipped[@]}")
modules=$cache/page-modules-$(hash_of ./package.json ./package-lock.json)

deliver() {
    if [[ -n $output ]] && ! cmp --silent "$page/page_files.cpp" "$output"; then
        cp "$page/page_files.cpp" "$output"
    fi
    echo "$page"
}
if [[ $what == build && -e $page/page_files.cpp ]]; then
    deliver
    exit 0
fi

for tool in node npm; do
    command -v "$tool" >/dev/null || fail "$tool is missing; run cmake/setup/packages.sh, or configure with -DENOUGH_WEB=OFF"
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old; 18 or newer is needed"

mkdir -p "$cache"
exec 9>"$cache/page.lock"
flock --nonblock 9 || { say "waiting for another build of the page to end"; flock 9; }
work=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$work"' EXIT

if [[ ! -d $modules/node_modules ]]; then
    say "installing what the page is built with"
    mkdir "$work/modules"
    cp "$source_folder/package.json" "$source_folder/package-lock.json" "$work/modules"
    (cd "$work/modules" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --no-update-notifier) >&2 ||
        fail "npm could not install the packages of orchestrator/web/serve/package-lock.json; see above"
    rm -rf "$modules"
    mv "$work/modules" "$modules"
fi
if [[ $what == modules ]]; then
    echo "$modules/node_modules"
    exit 0
fi

# Built beside its sources, never among them.
mkdir "$work/page"
(cd "$source_folder" && cp --parents "${sources[@]}" "$work/page")
ln -s "$modules/node_modules" "$work/page/node_modules"
cd "$work/page"
if [[ $what == test ]]; then
    node node_modules/typescript/bin/tsc --noEmit >&2 || fail "the page has type errors; see above"
    node node_modules/vitest/vitest.mjs run >&2 || fail "the page's unit tests failed; see above"
    exit 0
fi
if [[ ! -e $page/page_files.cpp ]]; then
    say "building the page"
    log=$cache/page.log
    if ! { node node_modules/typescript/bin/tsc --noEmit && node node_modules/vite/bin/vite.js build && node embed.mjs dist page_files.cpp; } >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        fail "the build failed; the whole log is $log"
    fi
    mkdir "$work/result"
    mv page_files.cpp dist "$work/result"
    rm -rf "$page"
    mv "$work/result" "$page"
fi
deliver
