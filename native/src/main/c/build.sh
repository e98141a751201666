#!/bin/sh
# Builds the C ABI: build.sh OUTDIR JAVA_HOME VERSION leaves OUTDIR/libvmette.so.0 and OUTDIR/vmette.h, unless they are newer than
# their sources.
set -eu

[ $# -eq 3 ] || { echo "usage: build.sh OUTDIR JAVA_HOME VERSION" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
out=$1/libvmette.so.0

if [ -f "$out" ] && [ -z "$(find "$here" -type f -newer "$out")" ]; then
    exit 0
fi
# A JRE's or an older layout's headers are beside it.
java=$2
[ -f "$java/include/jni.h" ] || java=${2%/jre}
[ -f "$java/include/jni.h" ] || {
    echo "build.sh: $2 has no include/jni.h, which a JDK has: please set JAVA_HOME to one (Debian: apt-get install default-jdk-headless)" >&2
    exit 1
}
if ! echo '#include <stdio.h>' | gcc -E - >/dev/null 2>&1; then
    echo "build.sh: gcc and the C library's headers are needed to build libvmette.so; on Debian or Ubuntu:" >&2
    echo "    apt-get install gcc libc6-dev" >&2
    exit 1
fi
mkdir -p "$1"
gcc -std=gnu11 -D_GNU_SOURCE "-DVMETTE_VERSION=\"$3\"" "-I$java/include" "-I$java/include/linux" \
    -shared -fPIC -O2 -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -fvisibility=hidden -fstack-protector-strong \
    "-Wl,-soname,libvmette.so.0,--version-script,$here/vmette.map,-z,nodelete,-z,defs,-z,now,-z,relro,--build-id=none" \
    -o "$out.new" "$here"/*.c -pthread -ldl
cp "$here/vmette.h" "$1/vmette.h"
mv "$out.new" "$out"
