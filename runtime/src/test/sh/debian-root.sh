#!/bin/sh
# debian-root.sh FILE: a small real Debian, by mmdebstrap from where this machine gets its packages, as a tar archive with owners and
# modes. The file is there once it is whole.
set -eu

file=$1
unfinished=$(mktemp "$file.XXXXXX")
trap 'rm -f -- "$unfinished"' EXIT
trap 'exit 1' HUP INT TERM
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
for sources in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
    [ ! -f "$sources" ] || set -- "$@" "$sources"
done
shift
mmdebstrap --quiet --format=tar --variant=essential --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --include=ca-certificates,mount "${codename:-stable}" - "$@" >"$unfinished"
mv -f -- "$unfinished" "$file"
