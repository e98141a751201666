#!/bin/sh
# class-archive.sh JAVA_HOME: an archive of the classes that a run loads, target/dist/tests.jsa, for the many commands that
# whole-VM tests start (Launched). A JVM that finds a flaw in it starts without, and so do all where it cannot be made.
set -eu

here=$(cd -- "$(dirname -- "$0")/../../../.." && pwd -P)
archive=$here/runtime/target/dist/tests.jsa
case $archive in *[[:space:]]*) exit 0 ;; esac # the launcher splits options at spaces
JAVA_HOME=$1 VMETTE_BUILD=never VMETTE_CDS=off VMETTE_JAVA_OPTS="-XX:ArchiveClassesAtExit=$archive.new" \
    timeout 240 "$here/vmette" run --quiet --exec true </dev/null || {
    echo "class-archive: the run went wrong, so the tests do without an archive" >&2
    rm -f -- "$archive.new"
    exit 0
}
mv -f -- "$archive.new" "$archive"
