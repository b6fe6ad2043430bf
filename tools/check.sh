#!/usr/bin/env bash
# Everything that must hold, cheapest first: tools/check.sh all|lint
# All of it runs even when a part fails, so that one run shows every fault; pytest's summary comes last.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=.venv/bin/python
unset PYTHONDONTWRITEBYTECODE  # every start would compile the application anew
failed=()

check() {
  local name=$1; shift
  printf -- '— %s\n' "$name"
  "$@" || failed+=("$name")
}

if [ "${1:-all}" = all ]; then printf '[4/4] Checks\n'; fi
check "ruff check" "$python" -m ruff check --quiet --output-format concise .
check "ruff format" "$python" -m ruff format --check --quiet --output-format concise .
check "types" "$python" -m mypy
check "floors" .venv/bin/lint-imports

if [ ${#failed[@]} -gt 0 ]; then printf 'FAILED: %s\n' "${failed[*]}"; fi
if [ "${1:-all}" = lint ]; then exit $((${#failed[@]} > 0)); fi

printf -- '— tests\n'
"$python" -m pytest -n "${TEST_PROCESSES:-2}"
code=$?
if [ $code -ne 0 ]; then exit $code; fi
exit $((${#failed[@]} > 0))
