#!/bin/sh
# Installs the Debian packages that a pip install cannot bring, or prints the one line to type.
# usage: tools/system_packages.sh run|test
set -eu

command -v dpkg-query >/dev/null 2>&1 || exit 0  # not Debian: the README says what to install

needed="libportaudio2 libasound2-plugins libegl1 libgl1 libdbus-1-3 libfontconfig1 fonts-dejavu-core
libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
libxcb-shape0 libxcb-xinerama0 libxcb-xkb1"
[ "${1:-run}" = test ] && needed="$needed xvfb pulseaudio pulseaudio-utils xdotool imagemagick x11-apps ffmpeg
fluidsynth fluid-soundfont-gm espeak-ng liblo-tools puredata-core jackd2"

missing=""
for package in $needed; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ]; then sudo=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo="sudo"
else
    echo "Some system packages are missing. Type this line, then start again:" >&2
    echo "    sudo apt-get install --no-install-recommends$missing" >&2
    exit 1
fi
echo "Installing system packages:$missing"
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
