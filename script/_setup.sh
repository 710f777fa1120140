# Sourced by the other scripts: finds Python, makes .venv and keeps it as the lock says.

cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 022

fail() {
  printf '%s\n' "$1" >&2
  exit 1
}

python_fits() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null
}

find_python() {
  local name
  for name in python3 python3.13 python3.12 python3.11 python3.14; do
    if command -v "$name" >/dev/null && python_fits "$name"; then
      command -v "$name"
      return
    fi
  done
  fail "Python 3.11 to 3.14 is needed and was not found: install python3 (on Debian: apt-get install python3 python3-venv)."
}

make_venv() {
  local python
  python=$(find_python) || exit 1
  printf 'Making the Python environment in .venv (once)…\n'
  if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv --clear .venv
  elif "$python" -m pip --version >/dev/null 2>&1; then
    # Debian ships venv without ensurepip unless python3-venv is installed; a system pip will do.
    "$python" -m venv --clear --without-pip .venv
    "$python" -m pip --python .venv/bin/python install --quiet pip ||
      fail "pip could not be put into .venv: see the message above."
  else
    fail "This Python cannot make an environment: install python3-venv (on Debian: apt-get install python3-venv)."
  fi
}

# setup base embedded [dev]: the environment holds exactly what these locks name.
setup() {
  local locks=() name stamp wanted
  for name in "$@"; do locks+=(-r "requirements/$name.txt"); done
  python_fits .venv/bin/python || make_venv
  stamp=".venv/.installed-$(IFS=-; printf '%s' "$*")"
  wanted=$(for name in "$@"; do cksum <"requirements/$name.txt"; done)
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return
  printf 'Installing the locked Python packages (%s)…\n' "$*"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
    --require-hashes "${locks[@]}" ||
    fail "The Python packages could not be installed: see pip's message above (network, proxy or a full disk), then run this again."
  printf '%s' "$wanted" >"$stamp"
}
