#!/bin/sh
# Builds the agent's tests for this host, with the sanitizers if the compiler has them, and runs them:
# run.sh OUTDIR [REPORTS]. Does nothing if they have passed since their sources last changed. REPORTS gets a report of those
# that passed, in the form of surefire's, so that they are counted; one that fails ends the run.
set -eu

[ $# -ge 1 ] || { echo "usage: run.sh OUTDIR [REPORTS]" >&2; exit 2; }
tests=$(cd "$(dirname "$0")" && pwd)
main=$(cd "$tests/../../main/c" && pwd)
out=$1
reports=${2:-}

report() {
    [ -n "$reports" ] || return 0
    mkdir -p "$reports"
    for passed in "$out"/*.passed; do
        suite=c.$(basename "$passed" .passed)
        {
            printf '<?xml version="1.0" encoding="UTF-8"?>\n'
            printf '<testsuite name="%s" tests="%d" errors="0" skipped="0" failures="0">\n' "$suite" "$(grep -c '^passed ' "$passed")"
            sed -n "s|^passed \\(.*\\)|  <testcase name=\"\\1\" classname=\"$suite\" time=\"0\"/>|p" "$passed"
            printf '</testsuite>\n'
        } > "$reports/TEST-$suite.xml"
    done
}

if [ -f "$out/passed" ] && [ -z "$(find "$tests" "$main" -type f -newer "$out/passed")" ]; then
    report
    exit 0
fi
compiler=$(command -v gcc || command -v cc) || {
    echo "run.sh: a C compiler is needed for the tests of the guest agent; on Debian or Ubuntu: apt-get install gcc" >&2
    exit 1
}
mkdir -p "$out"
sanitizers="-fsanitize=address,undefined -fno-sanitize-recover=all"
echo 'int main(void) { return 0; }' > "$out/probe.c"
if ! "$compiler" $sanitizers -o "$out/probe" "$out/probe.c" 2> "$out/probe.log" || ! "$out/probe"; then
    echo "run.sh: $compiler has no working sanitizers; the tests run without" >&2
    sanitizers=
fi

build() {
    program=$out/$1
    shift
    "$compiler" -std=gnu11 -D_GNU_SOURCE -g -O1 $sanitizers -Wall -Wextra -Werror -I"$main" -o "$program" "$@"
}
agent_sources=
for source in "$main"/*.c; do
    case ${source##*/} in init.c | vsock.c | vsock_send.c | power.c | machine.c | root.c | points.c | trust.c | net.c | mounts.c | modules.c | bench.c | loopback.c) ;; *) agent_sources="$agent_sources $source" ;; esac
done
build frames_test "$tests/frames_test.c" "$main/frames.c"
build ring_test "$tests/ring_test.c" "$main/ring.c"
build accounts_test "$tests/accounts_test.c" "$main/accounts.c"
build trust_test "$tests/trust_test.c" "$main/trust.c" "$main/points.c" "$main/frames.c"
build agent_on_host -Wl,--wrap=send,--wrap=execvp "$tests/agent_on_host.c" $agent_sources
build commands_test "$tests/commands_test.c" "$tests/host.c" "$main/frames.c"
build streams_test "$tests/streams_test.c" "$tests/host.c" "$main/frames.c"
build forward_test "$tests/forward_test.c" "$tests/host.c" "$main/frames.c"
build builtins_test "$tests/builtins_test.c" "$tests/host.c" "$main/frames.c"
builtin_sources="$tests/builtin_runner.c $main/frames.c $main/input.c $main/output.c $main/aside.c $main/link_table.c"
for source in builtins files entries directories tar_read tar_write tar_in tar_out; do
    builtin_sources="$builtin_sources $main/$source.c"
done
build files_test -Wl,--wrap=openat "$tests/files_test.c" $builtin_sources
build trees_test -Wl,--wrap=openat "$tests/trees_test.c" $builtin_sources
build restore_test "$tests/restore_test.c" "$tests/host.c" "$main/frames.c" "$main/restore.c" "$main/instance.c"
build machine_test -Wl,--wrap=ioctl,--wrap=clock_settime "$tests/machine_test.c" "$main/machine.c"
build unplugged_test "$tests/unplugged_test.c" "$tests/host.c" "$main/frames.c"
build replay_test "$tests/replay_test.c" "$tests/host.c" "$main/frames.c"

# passes NAME [ARGUMENT]: runs a test, its cases one a line
passes() {
    "$out/$1" ${2:+"$2"} >"$out/$1.passed"
}

passes frames_test
passes ring_test
passes accounts_test
passes trust_test
passes commands_test "$out/agent_on_host" & # it waits for a deadline of 5 s
commands=$!
passes forward_test "$out/agent_on_host" & # and it for ones of 10 s
forwards=$!
passes replay_test "$out/agent_on_host" & # and this one for one of 10 s
replay=$!
passes unplugged_test "$out/agent_on_host"
passes restore_test "$out/agent_on_host"
passes streams_test "$out/agent_on_host"
passes builtins_test "$out/agent_on_host"
passes machine_test
passes files_test
passes trees_test
wait $commands
wait $forwards
wait $replay
touch "$out/passed"
report
