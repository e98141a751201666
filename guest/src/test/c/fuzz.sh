#!/bin/sh
# Fuzzes the agent's decoders and its state machine on this host, with clang's sanitizers:
#   fuzz.sh OUTDIR build            builds OUTDIR/NAME for each fuzz/NAME_fuzz.c, if its sources have changed; prints the names
#   fuzz.sh OUTDIR run NAME SECONDS fuzzes one; what it finds is left in OUTDIR
#   fuzz.sh OUTDIR keep NAME        adds to the corpus in the tree what covers more, as few inputs as do
# A target's first lines say what it is linked with (`with:`) and which functions it replaces (`wrap:`).
set -eu

[ $# -ge 2 ] || { sed -n '2,6s/^# *//p' "$0" >&2; exit 2; }
tests=$(cd "$(dirname "$0")" && pwd)
main=$(cd "$tests/../../main/c" && pwd)
out=$1
mode=$2
mkdir -p "$out"
out=$(cd "$out" && pwd)

field() { sed -n "1,3s/^[/ ]\* $1: *\([^*]*\).*/\1/p" "$2"; }

build() {
    target=$1
    name=$(basename "$target" _fuzz.c)
    if [ ! -f "$out/$name" ] || [ -n "$(find "$tests/fuzz" "$tests/fuzz.sh" "$main" -type f -newer "$out/$name")" ]; then
        sources=
        for source in $(field with "$target"); do sources="$sources $main/$source"; done
        wraps=
        for function in $(field wrap "$target"); do wraps="$wraps -Wl,--wrap=$function"; done
        # shellcheck disable=SC2086  # lists
        clang -std=gnu11 -D_GNU_SOURCE -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
            -Wall -Wextra -Werror -Wno-unused-function -I"$main" -I"$tests/fuzz" -o "$out/$name" "$target" $sources $wraps
    fi
    echo "$name"
}

case $mode in
    build) for target in "$tests"/fuzz/*_fuzz.c; do build "$target"; done ;;
    run)
        mkdir -p "$out/corpus/$3" "$tests/corpus/$3"
        exec "$out/$3" -max_total_time="$4" -print_final_stats=1 -timeout=20 -artifact_prefix="$out/$3-" \
            "$out/corpus/$3" "$tests/corpus/$3"
        ;;
    keep) exec "$out/$3" -merge=1 -use_counters=0 -max_len=1024 "$tests/corpus/$3" "$out/corpus/$3" ;;
    *) exit 2 ;;
esac
