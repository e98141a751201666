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

# as_user ARGUMENTS: the launcher's exit code is in $code, its outputs in $base/out and $base/err, or as $out and $err say.
as_user() {
    code=0
    (
        cd "$base"
        timeout 240 setpriv --reuid="$uid" --regid="$uid" --clear-groups env -i \
            PATH="$PATH" HOME="$base/home" XDG_CACHE_HOME="$base/cache" ${JAVA_HOME:+"JAVA_HOME=$JAVA_HOME"} \
            VMETTE_BUILD=never VMETTE_CDS=off "$base/clone/vmette" "$@"
    ) </dev/null >"$base/${out:-out}" 2>"$base/${err:-err}" || code=$?
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

# A root of each kind that needs no server, by the helpers that an ordinary user can have: virtiofsd in a user namespace, passt.
mkdir -p "$base/tree/bin" "$base/tree/etc" "$base/work"
cp "$(find "$base/cache/vmette/guest" -name busybox -type f | head -n 1)" "$base/tree/bin/busybox"
chmod 755 "$base/tree/bin/busybox"
for applet in sh cat touch ls id ip grep stat mount mkdir; do ln -s busybox "$base/tree/bin/$applet"; done
echo 'from the host' >"$base/tree/etc/marker"
chown -R "$uid:$uid" "$base/tree" "$base/work"
tar -C "$base/tree" -czf "$base/tree.tar.gz" .
before=$(find "$base/tree" -printf '%p %C@ %s %m\n' | sort)

as_user run --quiet --config "$base/vmette.conf" --rootfs "$base/tree" --share "work=$base/work" --scratch 64 --exec \
    'cat /etc/marker; touch /foo /tmp/x; echo guest >/mnt/work/file; mkdir /away; mount -t virtiofs -o rw vmette-root /away; touch /away/x; exit 42'
if [ "$code" != 42 ] || [ "$(cat "$base/out")" != 'from the host' ] || ! grep -q 'touch: /away/x: Read-only file system' "$base/err"; then
    fail "a directory root went wrong: $(shown)"
fi
if [ "$(cat "$base/work/file")" != guest ] || [ "$(stat -c %u "$base/work/file")" != "$uid" ]; then
    fail "a share went wrong: $(ls -l "$base/work")"
fi
nothing_left

as_user run --quiet --config "$base/vmette.conf" --rootfs "$base/tree" --rootfs-ro --exec 'touch /foo'
if [ "$code" != 1 ] || ! grep -q 'Read-only file system' "$base/err"; then
    fail "a read-only directory root went wrong: $(shown)"
fi
nothing_left
[ "$before" = "$(find "$base/tree" -printf '%p %C@ %s %m\n' | sort)" ] || fail "the root's directory was changed"

chown root "$base/tree"
as_user run --quiet --config "$base/vmette.conf" --rootfs "$base/tree" --exec true
if [ "$code" != 2 ] || ! grep -q 'it belongs to user 0, and what an ordinary user shares' "$base/err"; then
    fail "a directory root of another user went wrong: $(shown)"
fi
nothing_left

for round in built cached; do
    as_user run --quiet --config "$base/vmette.conf" --rootfs "tar+file://$base/tree.tar.gz" --switch-root --exec \
        'cat /etc/marker; stat -c %u:%g /; echo ~; touch /foo && exit 42'
    if [ "$code" != 42 ] || [ "$(tr '\n' ' ' <"$base/out")" != 'from the host 0:0 / ' ] || [ -s "$base/err" ]; then
        fail "an archive as root ($round) went wrong: $(shown)"
    fi
    nothing_left
done

as_user run --quiet --config "$base/vmette.conf" --net --exec 'ip -4 addr show eth0 | grep -o "inet [0-9./]*"; cat /etc/resolv.conf'
if [ "$code" != 0 ] || ! grep -q '^inet 10.0.2.15/24$' "$base/out" || ! grep -q '^nameserver 10.0.2.3$' "$base/out"; then
    fail "a network went wrong: $(shown)"
fi
nothing_left

as_user run --quiet --config "$base/vmette.conf" --scratch 64 --build-snapshot "$base/work/snap" --warm-up 'echo warm >/tmp/warm'
if [ "$code" != 0 ]; then
    fail "a snapshot went wrong: $(shown)"
fi
nothing_left
for mode in cow copy; do
    printf 'vmette { runtime-dir = "%s/run", snapshot.restore = %s }\n' "$base" "$mode" >"$base/restore.conf"
    as_user run --quiet --config "$base/restore.conf" --scratch 64 --resume-snapshot "$base/work/snap" --exec 'cat /tmp/warm; exit 42'
    if [ "$code" != 42 ] || [ "$(cat "$base/out")" != warm ] || [ -s "$base/err" ]; then
        fail "a restore by $mode went wrong: $(shown)"
    fi
    nothing_left
done
as_user snapshot verify "$base/work/snap"
[ "$code" = 0 ] || fail "restores have changed a snapshot: $(shown)"
as_user snapshot rm "$base/work/snap"
if [ "$code" != 0 ] || [ -n "$(find "$base/work" -mindepth 1 ! -name file)" ]; then
    fail "removing a snapshot went wrong: $(shown), $(find "$base/work")"
fi

# A fleet: VMs that are ready before anybody asks, restored from their golden snapshot, and one that nobody uses is saved and comes back.
cat >"$base/fleet.conf" <<EOF
vmette {
  runtime-dir = "$base/run"
  vm.memory = 160MiB
  pools.agents { min = 1, max = 2, vm.snapshot.warm-up = "echo warm >/tmp/warm" }
  fleet.idle.snapshot.passivate-after = 1s
}
EOF
out=fleet.out err=fleet.err as_user up "$base/fleet.conf" &
fleet=$!

# eventually PATTERN ARGUMENTS: what the launcher prints has that at last.
eventually() {
    pattern=$1
    shift
    tries=0
    until as_user "$@" && grep -q "$pattern" "$base/out"; do
        tries=$((tries + 1))
        [ "$tries" -lt 60 ] || fail "no $pattern: $(shown), fleet: $(cat "$base/fleet.err")"
        sleep 0.2
    done
}
eventually '^idle  *passive' ps --config "$base/vmette.conf"
as_user exec --config "$base/vmette.conf" idle -- sh -c 'id -u; exit 42'
if [ "$code" != 42 ] || [ "$(cat "$base/out")" != 0 ] || [ -s "$base/err" ]; then
    fail "waking a passive VM went wrong: $(shown)"
fi
as_user run --config "$base/vmette.conf" --pool agents -- sh -c 'cat /tmp/warm; exit 42'
if [ "$code" != 42 ] || [ "$(cat "$base/out")" != warm ] || [ -s "$base/err" ]; then
    fail "a run in a pool went wrong: $(shown)"
fi
as_user down --config "$base/vmette.conf"
[ "$code" = 0 ] || fail "ending a fleet went wrong: $(shown)"
wait "$fleet" || fail "a fleet went wrong: $(cat "$base/fleet.err")"
nothing_left
if [ "$(find "$base/cache/vmette/snapshots" -mindepth 1 -maxdepth 1 | grep -c /golden-)" != 1 ] ||
    [ "$(find "$base/cache/vmette/snapshots" -mindepth 1 -maxdepth 1 | wc -l)" != 1 ]; then
    fail "not just a golden snapshot is left: $(ls -lA "$base/cache/vmette/snapshots")"
fi

for option in --kernel --initramfs; do
    as_user run --quiet --config "$base/vmette.conf" "$option" "$base/secret" --exec true
    if [ "$code" != 2 ] || ! grep -q 'cannot be read by this user' "$base/err"; then
        fail "an unreadable file for $option went wrong: $(shown)"
    fi
    nothing_left
done
echo "as-user: all is well"
