#!/bin/sh
# Builds the guest agent: build.sh OUTDIR leaves the static OUTDIR/agent-MACHINE (agent-x86_64),
# unless it is newer than its sources.
set -eu

[ $# -eq 1 ] || { echo "usage: build.sh OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
out=$1/agent-$(uname -m)

if [ -f "$out" ] && [ -z "$(find "$here" -type f -newer "$out")" ]; then
    exit 0
fi
compiler=$(command -v musl-gcc) || {
    echo "build.sh: musl-gcc is needed to build the guest agent and is not in PATH; on Debian or Ubuntu:" >&2
    echo "    apt-get install musl-tools" >&2
    exit 1
}
mkdir -p "$1"
"$compiler" -std=gnu11 -D_GNU_SOURCE -static -Os -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
    -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -Wl,--gc-sections,--build-id=none -s \
    -o "$out.new" "$here"/*.c
mv "$out.new" "$out"
