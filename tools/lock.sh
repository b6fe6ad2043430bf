#!/usr/bin/env bash
# Compiles requirements*.txt: versions and hashes for every platform, no addresses. tools/lock.sh [--upgrade]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for name in requirements requirements-dev requirements-tools requirements-node; do
  echo "$name.txt"
  .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
    "$@" "$name.in" -o "$name.txt"
done
