#!/usr/bin/env bash
# Checks that every C++ file looks as clang-format 19 leaves it; with --fix, makes it so.
set -euo pipefail
cd "$(dirname "$0")/../.."

mode=(--dry-run -Werror)
case "${1:-}" in
    "") ;;
    --fix) mode=(-i) ;;
    *) echo "format.sh: unknown argument '$1' (--fix)" >&2; exit 2 ;;
esac
if ! command -v clang-format-19 >/dev/null; then
    echo "format.sh: clang-format-19 is missing: run cmake/setup/packages.sh lint" >&2
    exit 2
fi

mapfile -d '' -t listed < <(git ls-files -z --cached --others --exclude-standard '*.cpp' '*.hpp')
files=()
for file in "${listed[@]}"; do
    [[ -f $file ]] && files+=("$file")
done
if [[ ${#files[@]} -eq 0 ]]; then
    echo "format.sh: found no C++ file; this needs a git checkout" >&2
    exit 2
fi
clang-format-19 "${mode[@]}" "${files[@]}"
echo "format: ${#files[@]} files" >&2
