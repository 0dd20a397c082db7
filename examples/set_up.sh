# To be sourced from the repository's root: installs what is needed, builds `enough` and fetches a small model.
# Sets `enough` (the program) and exports ENOUGH_MODEL, unless that names a file of yours. The first time takes some minutes, later ones some seconds.

say() { printf '\n== %s\n' "$*" >&2; }

say "Packages"
cmake/setup/packages.sh
say "llama.cpp's library"
ENOUGH_LLAMA_PREFIX=$(cmake/setup/llama.sh)
say "A model of 98 MB: SmolLM2-135M-Instruct"
ENOUGH_MODEL=${ENOUGH_MODEL:-$(cmake/setup/model.sh)}
export ENOUGH_LLAMA_PREFIX ENOUGH_MODEL
say "Building enough (build/release)"
cmake --preset release -DENOUGH_LLAMA_PREFIX="$ENOUGH_LLAMA_PREFIX" >/dev/null
cmake --build build/release --target enough
enough=$PWD/build/release/orchestrator/cli/enough
