#!/usr/bin/env bash
# Installs what building enough needs from Debian 12 (names as there); what is there already is left alone.
#   packages.sh        to build, test and measure
#   packages.sh lint   also what formatting, lint, the clang builds, fuzzing and the test of the report page need
#   packages.sh coverage   also what tests/coverage.sh needs
set -euo pipefail

packages=(
    g++ cmake ninja-build ccache pkg-config git ca-certificates python3 python3-pip python3-venv
    libboost1.81-dev libboost-url1.81-dev nlohmann-json3-dev libyaml-cpp-dev libssl-dev libsqlite3-dev
    libcli11-dev libfmt-dev libre2-dev libvalijson-dev libjs-chart.js libnats-dev
    libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev nats-server
)
case "${1:-}" in
    "") ;;
    lint) packages+=(clang-format-19 clang-19 libclang-rt-19-dev chromium) ;;
    coverage) packages+=(gcovr) ;;
    *) echo "packages.sh: unknown argument '$1' (lint, coverage, or none)" >&2; exit 2 ;;
esac

# The server's page is built with npm; a Node.js of one's own will do.
has_node() {
    command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null
}
has_node || packages+=(nodejs npm)

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
    echo "packages: all ${#packages[@]} are installed"
    exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || { echo "packages: run this as root, or install sudo; missing: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
apt_get() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; }

echo "packages: installing ${missing[*]}"
apt_get update >/dev/null || { echo "packages: apt-get update failed; see above, and check the network" >&2; exit 1; }

# Only one version of Boost's headers can be installed: 1.81 replaces another, anything else is not ours to remove.
plan=$(apt_get install --simulate --no-install-recommends "${missing[@]}") || {
    echo "packages: apt finds no way to install ${missing[*]}:" >&2
    echo "$plan" >&2
    exit 1
}
removed=$(awk '$1 == "Remv" {print $2}' <<<"$plan")
foreign=$(grep -Ev '^libboost.*-dev$' <<<"$removed" || true)
if [[ -n $foreign ]]; then
    echo "packages: installing would remove ${foreign//$'\n'/ }; settle that by hand, then run this again" >&2
    exit 1
fi
[[ -z $removed ]] || echo "packages: NOTE: Boost 1.81 replaces ${removed//$'\n'/ } (headers of two versions can't be installed together)"

apt_get install --yes --no-install-recommends "${missing[@]}" >/dev/null || {
    echo "packages: apt-get install failed; see above" >&2
    exit 1
}
echo "packages: installed ${#missing[@]}"
