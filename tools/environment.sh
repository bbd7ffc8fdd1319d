#!/bin/sh
# Make the environment and install Fringeworks into it, editable.
#
#   sh tools/environment.sh [EXTRAS] [FOLDER]
#
# EXTRAS: run (default: nothing extra), test, dev ...   FOLDER: .venv by default.
# Needs Python 3.11 or later with pip; python3-venv is used where it is there, and done without where not.
# PYTHON=... chooses another interpreter.
set -eu

extras=${1:-run}
folder=${2:-.venv}
here=$(pwd)

say() { printf '%s\n' "$*"; }

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$name"
            return 0
        fi
    done
    say "No Python 3.11 or later found (tried: ${PYTHON:-python3 python3.13 python3.12 python3.11 python})." >&2
    say "What to do: apt-get install python3 python3-venv, or name one: make PYTHON=/path/to/python3 demo" >&2
    return 1
}

works() { "$folder/bin/python" -m pip --version >/dev/null 2>&1; }

make_folder() {
    "$python" -m venv "$folder" >/dev/null 2>&1 && works && return 0
    # Debian without python3-venv: the module is there, its copy of pip is not. Lend it ours.
    rm -rf "$folder"
    "$python" -m venv --without-pip "$folder" >/dev/null 2>&1 \
        && "$python" -m pip --python "$folder/bin/python" install -qq pip && works && return 0
    rm -rf "$folder"
    "$python" -m virtualenv --quiet "$folder" 2>/dev/null && works && return 0
    rm -rf "$folder"
    { "$python" -m pip install --quiet --user virtualenv 2>/dev/null \
        || "$python" -m pip install --quiet --user --break-system-packages virtualenv; } \
        && "$python" -m virtualenv --quiet "$folder" && works && return 0
    say "Cannot make an environment with $python." >&2
    say "What to do: apt-get install python3-venv python3-pip, then try again." >&2
    return 1
}

# An environment holds absolute paths: a clone that was moved or copied needs a new one.
if [ -f "$folder/.place" ] && [ "$(cat "$folder/.place")" != "$here" ]; then
    say "The clone has moved: making $folder again."
    rm -rf "$folder"
fi
if ! works; then
    python=$(find_python)
    say "Making the environment $folder with $("$python" --version) ..."
    make_folder
fi
printf '%s' "$here" >"$folder/.place"

# The resolver of old versions of pip can search for an hour where newer ones need seconds.
"$folder/bin/python" -m pip install -qq --disable-pip-version-check --upgrade pip || say "pip stays as it is"

case $extras in
    run) wanted=. ;;
    dev) wanted=".[archives,docs,test,dev]" ;;
    *) wanted=".[$extras]" ;;
esac
say "Installing Fringeworks ($extras) into $folder; the first time takes a minute or two ..."
install() { "$folder/bin/python" -m pip install -qq --disable-pip-version-check "$@" --editable "$wanted"; }
if ! install --constraint requirements-lock.txt; then
    say "The locked versions do not install here; trying the newest ones that fit pyproject.toml ..."
    install
fi
: >"$folder/.stamp-$extras"
