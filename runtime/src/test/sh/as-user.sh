#!/bin/sh
# Runs what is built as an ordinary user with nothing but its own home, cache and runtime directory: what works for root
# must work without, and leave nothing. Needs root, to become that user. The cache is a copy of root's.
set -eu

here=$(cd -- "$(dirname -- "$0")/../../../.." && pwd -P)
uid=65534
base=$(mktemp -d /tmp/vmu.XXXXXX)
trap 'rm -rf -- "$base"' EXIT

fail() {
    printf 'as-user: %s\n' "$*" >&2
    exit 1
}

# The clone may lie where only root can look.
mkdir -p "$base/clone/runtime/target" "$base/home" "$base/cache" "$base/run"
cp -R "$here/vmette" "$here/.ci" "$base/clone/"
cp -R "$here/runtime/target/dist" "$base/clone/runtime/target/"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vmette
[ -d "$cache/guest" ] || fail "$cache has no guest yet: run ./vmette quickstart first"
mkdir "$base/cache/vmette"
cp -Rp "$cache/guest" "$cache/initramfs" "$base/cache/vmette/"
printf 'vmette.runtime-dir = "%s/run"\n' "$base" >"$base/vmette.conf"
: >"$base/secret"
chmod 600 "$base/secret"
chmod 755 "$base"
chown -R "$uid:$uid" "$base/home" "$base/cache" "$base/run"

# as_user ARGUMENTS: the launcher's exit code is in $code, its outputs in $base/out and $base/err.
as_user() {
    code=0
    (
        cd "$base"
        timeout 240 setpriv --reuid="$uid" --regid="$uid" --clear-groups env -i \
            PATH="$PATH" HOME="$base/home" XDG_CACHE_HOME="$base/cache" ${JAVA_HOME:+"JAVA_HOME=$JAVA_HOME"} \
            VMETTE_BUILD=never VMETTE_CDS=off "$base/clone/vmette" "$@"
    ) </dev/null >"$base/out" 2>"$base/err" || code=$?
}

shown() {
    printf 'exit code %s, stdout: %s, stderr: %s' "$code" "$(cat "$base/out")" "$(cat "$base/err")"
}

# Processes of ours have the base among their arguments; our own shell has not.
leftovers() {
    find "$base/run" -mindepth 2
    for arguments in /proc/[0-9]*/cmdline; do
        tr '\0' ' ' <"$arguments" 2>/dev/null | grep -F -- "$base/run" || true
    done
}

nothing_left() {
    tries=0
    while [ -n "$(leftovers)" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || fail "left behind: $(leftovers)"
        sleep 0.1
    done
}

as_user run --quiet --config "$base/vmette.conf" --exec 'id -u; exit 42'
if [ "$code" != 42 ] || [ "$(cat "$base/out")" != 0 ] || [ -s "$base/err" ]; then
    fail "a run went wrong: $(shown)"
fi
nothing_left

as_user quickstart --quiet --config "$base/vmette.conf"
if [ "$code" != 0 ] || ! grep -q '^Linux ' "$base/out"; then
    fail "quickstart went wrong: $(shown)"
fi
nothing_left

for option in --kernel --initramfs; do
    as_user run --quiet --config "$base/vmette.conf" "$option" "$base/secret" --exec true
    if [ "$code" != 2 ] || ! grep -q 'cannot be read by this user' "$base/err"; then
        fail "an unreadable file for $option went wrong: $(shown)"
    fi
    nothing_left
done
echo "as-user: all is well"
