#!/usr/bin/env bash
# Builds llama.cpp's static library once and keeps it in the cache; about 2 minutes on 2 cores, then instant.
#   llama.sh           last line on stdout: the prefix to give to CMake (ENOUGH_LLAMA_PREFIX finds it by itself)
#   llama.sh --server  the same for llama-server, built from the same source; last line: the program's path
#   llama.sh [--server] --print   only says where it is; exit 1 if it isn't built yet
# The source is what the PyPI package llama-cpp-python carries; pip's own configuration says from where it comes.
# ENOUGH_CACHE moves the cache, ENOUGH_JOBS bounds the compilers run at once, CXX and CC choose them.
set -euo pipefail

version=0.3.36
source_sha256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
cache=${ENOUGH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/enough}

say() { echo "llama: $*" >&2; }
fail() { say "$*"; exit 1; }

what=library print_only=no
for argument in "$@"; do
    case "$argument" in
        --server) what=server ;;
        --print) print_only=yes ;;
        *) echo "llama.sh: unknown argument '$argument' (--server, --print)" >&2; exit 2 ;;
    esac
done

# GGML_NATIVE=OFF: a CPU may report instructions (AMX) that its host forbids, and native builds die of them.
flags=(
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_POSITION_INDEPENDENT_CODE=ON
    -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=OFF -DGGML_OPENMP=OFF -DGGML_CCACHE=OFF
    -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF
    -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF
    -DLLAMA_BUILD_NUMBER=0 -DLLAMA_BUILD_COMMIT="$version"
)
case $what in
    library) flags+=(-DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_SERVER=OFF) ;;
    server) flags+=(-DLLAMA_BUILD_COMMON=ON -DLLAMA_BUILD_TOOLS=ON -DLLAMA_BUILD_SERVER=ON) ;;
esac
compilers=$("${CC:-cc}" --version 2>/dev/null | head -1; "${CXX:-c++}" --version 2>/dev/null | head -1)
key=$(printf '%s\n' "$what" "${flags[@]}" "$compilers" "${CFLAGS:-}" "${CXXFLAGS:-}" | sha256sum | cut -c1-12)
prefix=$cache/llama-$version-$key
case $what in
    library) result=$prefix proof=$prefix/lib/cmake/llama/llama-config.cmake ;;
    server) result=$prefix/bin/llama-server proof=$result ;;
esac

if [[ -e $proof ]]; then
    [[ $print_only == yes ]] || say "$what $version is in the cache"
    echo "$result"
    exit 0
fi
[[ $print_only == no ]] || fail "the $what is not built yet; run cmake/setup/llama.sh"

mkdir -p "$cache"
exec 9>"$cache/llama.lock"
flock --nonblock 9 || { say "waiting for another build to end"; flock 9; }
if [[ -e $proof ]]; then
    echo "$result"
    exit 0
fi
for tool in python3 cmake "${CXX:-c++}"; do
    command -v "$tool" >/dev/null || fail "$tool is missing; run cmake/setup/packages.sh first"
done

work=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The archive is kept, so that the server needs no second download. Only this package is asked for as source: what
# pip needs to read its metadata may come as wheels.
archive=$cache/llama_cpp_python-$version.tar.gz
is_archive() { [[ -f $1 ]] && sha256sum --check --status <<<"$source_sha256  $1"; }
if ! is_archive "$archive"; then
    python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; run cmake/setup/packages.sh first"
    say "fetching the source of llama-cpp-python $version"
    python3 -m pip download --quiet --progress-bar off --no-deps --no-binary llama-cpp-python --dest "$work/download" \
        "llama-cpp-python==$version" >&2 || fail "pip could not download llama-cpp-python $version; see above"
    is_archive "$work/download/${archive##*/}" || fail "the downloaded ${archive##*/} is not the one expected (SHA-256 $source_sha256)"
    mv "$work/download/${archive##*/}" "$archive"
fi

say "unpacking"
tar -xzf "$archive" -C "$work" "llama_cpp_python-$version/vendor/llama.cpp" || fail "$archive can't be unpacked"
generator=()
if command -v ninja >/dev/null; then generator=(-G Ninja); fi
jobs=${ENOUGH_JOBS:-$(nproc)}
case $what in
    library) targets=(all) ;;
    server) targets=(llama-server) ;;
esac

say "building the $what with $jobs jobs (log: $cache/llama-$what.log)"
log=$cache/llama-$what.log
if ! {
    cmake -S "$work/llama_cpp_python-$version/vendor/llama.cpp" -B "$work/build" "${generator[@]}" \
        -DCMAKE_INSTALL_PREFIX="$work/prefix" "${flags[@]}" &&
        cmake --build "$work/build" --parallel "$jobs" --target "${targets[@]}"
} >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "the build failed; the whole log is $log"
fi

case $what in
    library) cmake --install "$work/build" >>"$log" 2>&1 || fail "the installation failed; see $log" ;;
    server) install -D "$work/build/bin/llama-server" "$work/prefix/bin/llama-server" ;;
esac
rm -rf "$prefix"
mv "$work/prefix" "$prefix"
say "built"
echo "$result"
