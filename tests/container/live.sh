#!/usr/bin/env bash
# live.sh PYTHON FILE...: builds the image with the engine at hand and runs the tests of FILE on it.
set -euo pipefail

python=$(realpath --no-symlinks "$1")
shift
cd "$(dirname "$0")"
started=$SECONDS
log=$(mktemp)
trap 'rm -f "$log"' EXIT
../../container/run.sh build >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
printf 'image built in %s s: %s\n' $((SECONDS - started)) "$(tail -1 "$log")"
"$python" -m pytest -v --durations 5 -p no:cacheprovider "$@"
printf '%s: passed in %s s with the image\n' "$*" $((SECONDS - started))
