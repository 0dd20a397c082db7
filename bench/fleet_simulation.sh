#!/bin/sh
# bench/fleet_simulation.sh SIMULATION NAME=VALUE...: the simulated fleet against a nats-server of its own on a free
# port, with its files in a temporary folder. FLEET_NATS_SERVER: the server's program.
set -eu
simulation=$1
shift
folder=$(mktemp -d)
server=${FLEET_NATS_SERVER:-nats-server}
ulimit -n "$(ulimit -Hn)"
"$server" -js -sd "$folder/store" -a 127.0.0.1 -p -1 --ports_file_dir "$folder" >"$folder/log" 2>&1 &
pid=$!
trap 'kill $pid; wait $pid 2>/dev/null || true; rm -rf "$folder"' EXIT
tries=0
until ls "$folder"/*.ports >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ $tries -lt 100 ] || { cat "$folder/log"; exit 1; }
  sleep 0.1
done
port=$(sed -n 's/.*nats:\/\/127.0.0.1:\([0-9]*\).*/\1/p' "$folder"/*.ports | head -1)
"$simulation" port="$port" server=$pid "$@"
echo "  store    $(du -sk "$folder/store" | cut -f1) KiB"
