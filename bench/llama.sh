#!/usr/bin/env bash
# Compares the llama provider with llama.cpp's own server on the same model, side by side on this machine.
#   llama.sh BUILD_FOLDER     (built with -DENOUGH_BENCH=ON -DCMAKE_BUILD_TYPE=Release); ENOUGH_THREADS sets the threads
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
bench=${1:?name the build folder}/bench/llama_bench
threads=${ENOUGH_THREADS:-$(nproc)}
model=${ENOUGH_MODEL:-$("$here/../cmake/setup/model.sh" | tail -1)}
server=${ENOUGH_LLAMA_SERVER:-$("$here/../cmake/setup/llama.sh" --server | tail -1)}
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

"$server" --model "$model" --host 127.0.0.1 --port "$port" --threads "$threads" --ctx-size 4096 --parallel 1 \
    --offline --log-disable &
child=$!
trap 'kill "$child" 2>/dev/null || true' EXIT
ENOUGH_MODEL=$model ENOUGH_THREADS=$threads ENOUGH_TEST_URL=http://127.0.0.1:$port/v1 "$bench"
