#!/bin/sh
# Build one environment for each program we compare with, under .bench/NAME; `make bench-env` calls this.
# An environment is complete when .bench/NAME/.complete exists; one that cannot be built is left out with a note.
# Give names to build only these: sh benchmarks/make_env.sh dolphin
# These programs keep their own licences (MintPy is GPL-3.0-or-later); nothing of ours imports them.
set -u
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
mkdir -p .bench

# Dolphin imports GDAL's Python bindings without declaring them; they are built against the system's library.
gdal_version() {
    if ! command -v gdal-config >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
            libgdal-dev g++; } >.bench/libgdal.log 2>&1
    fi
    command -v gdal-config >/dev/null 2>&1 && gdal-config --version
}

install_dolphin() {
    version=$(gdal_version) || { echo "libgdal-dev is missing: apt-get install libgdal-dev g++"; return 1; }
    "$1" install --upgrade setuptools wheel numpy && "$1" install dolphin==0.42.9 &&
        "$1" install --no-build-isolation "gdal==$version"
}
install() {
    case $1 in
    dolphin) install_dolphin "$2" ;;
    mintpy) "$2" install mintpy==1.6.4 ;;
    pygmtsar) "$2" install pygmtsar==2025.4.8.post1 ;;
    sarsen) "$2" install sarsen==0.9.6 xarray-sentinel==0.9.6 ;;
    insardev-pygmtsar) "$2" install insardev-pygmtsar==2026.3.21 ;;
    whirlwind) "$2" install whirlwind-insar==0.10.0 ;;
    opencv) "$2" install opencv-python-headless==5.0.0.93 ;;
    esac
}

# What must be importable for an environment to count as complete.
module() {
    case $1 in
    dolphin) echo dolphin.timeseries ;;
    mintpy) echo mintpy.ifgram_inversion ;;
    pygmtsar) echo pygmtsar.Stack_lstsq ;;
    sarsen) echo sarsen ;;
    insardev-pygmtsar) echo insardev_pygmtsar ;;
    whirlwind) echo whirlwind ;;
    opencv) echo cv2 ;;
    *) return 1 ;;
    esac
}

failed=0
known="dolphin mintpy pygmtsar sarsen insardev-pygmtsar whirlwind opencv"
for name in ${*:-$known}; do
    home=.bench/$name
    if [ -e "$home/.complete" ]; then
        echo "$name: complete"
        continue
    fi
    if ! module=$(module "$name"); then
        echo "$name: no such program; known: $known" >&2
        exit 2
    fi
    echo "$name: building $home, a minute or two; log in .bench/$name.log"
    if { [ -x "$home/bin/python" ] || "$python" -m venv "$home"; } >".bench/$name.log" 2>&1 &&
        install "$name" "$home/bin/pip" >>".bench/$name.log" 2>&1 &&
        "$home/bin/python" -c "import $module" >>".bench/$name.log" 2>&1; then
        touch "$home/.complete"
        echo "$name: complete"
    else
        echo "$name: not built, its benchmarks will say peer: null; see .bench/$name.log" >&2
        failed=1
    fi
done
exit $failed
