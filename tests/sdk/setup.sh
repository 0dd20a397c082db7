#!/usr/bin/env bash
# Installs the official OpenAI clients and schemathesis, pinned, into the cache; once for each state of the pins.
#   setup.sh           last line on stdout: the folder, with venv/ (Python) and node_modules/ (JavaScript)
#   setup.sh --print   only says where it is; exit 1 if it isn't there yet
# Needs Python 3.11 or newer with venv, and Node.js 18 or newer with npm (cmake/setup/packages.sh); the configurations of
# pip and npm say from where packages come. No npm package runs a script of its own. ENOUGH_CACHE moves the cache.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${ENOUGH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/enough}

say() { echo "sdk: $*" >&2; }
fail() { say "$*"; exit 1; }

print_only=no
case "${1:-}" in
    "") ;;
    --print) print_only=yes ;;
    *) echo "setup.sh: unknown argument '$1' (--print)" >&2; exit 2 ;;
esac

# A virtual environment belongs to the interpreter that made it.
python=$(python3 -c 'import sys; print(sys.executable, *sys.version_info[:3])' 2>/dev/null) || fail "python3 is missing; run cmake/setup/packages.sh"
key=$({ cd "$here" && sha256sum requirements.txt package.json package-lock.json; echo "$python"; } | sha256sum | cut -c1-12)
folder=$cache/sdk-$key

there() { [[ -e $folder/complete ]]; }
if there; then
    [[ $print_only == yes ]] || say "the clients are in the cache"
    echo "$folder"
    exit 0
fi
[[ $print_only == no ]] || fail "the clients are not installed yet; run tests/sdk/setup.sh"

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$(python3 --version) is too old; 3.11 or newer is needed"
python3 -c 'import ensurepip, venv' 2>/dev/null || fail "python3 has no venv; run cmake/setup/packages.sh"
for tool in node npm; do
    command -v "$tool" >/dev/null || fail "$tool is missing; run cmake/setup/packages.sh"
done
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old; 18 or newer is needed"

mkdir -p "$cache"
exec 9>"$cache/sdk.lock"
flock --nonblock 9 || { say "waiting for another installation to end"; flock 9; }
if there; then
    echo "$folder"
    exit 0
fi

# A virtual environment can't be moved: it is made in its place, and what was left half done there goes first.
rm -rf "$folder"
mkdir "$folder"
trap 'rm -rf "$folder"' EXIT
say "installing the Python client and schemathesis"
python3 -m venv "$folder/venv" >&2 || fail "python3 -m venv failed; see above"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --progress-bar off --no-deps \
    --only-binary :all: --requirement "$here/requirements.txt" >&2 || fail "pip could not install tests/sdk/requirements.txt; see above"
say "installing the JavaScript client"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$folder"
(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --no-update-notifier) >&2 ||
    fail "npm could not install tests/sdk/package-lock.json; see above"
touch "$folder/complete"
trap - EXIT
say "installed"
echo "$folder"
