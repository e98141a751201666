# shellcheck shell=sh
# What ./vmette and ./check have in common once something is to be installed or built. Sourced, never run;
# POSIX sh. The caller has set `here` (the clone) and `me` (its own name, for messages).
#
# shellcheck disable=SC2034,SC2154  # variables that come from the caller, and that are for it

# Without a locale (a container, cron) Java would take arguments and file names for ASCII.
[ -n "${LC_ALL:-}${LC_CTYPE:-}${LANG:-}" ] || export LC_CTYPE=C.UTF-8

say() { printf '%s: %s\n' "$me" "$*" >&2; }

die() {
    say "$*"
    exit 1
}

# read_release DIR: sets jdk_version (JAVA_RUNTIME_VERSION) and jdk_major from DIR/release; no process is started.
# find_jdk: sets java_home to a JDK 17 or later, JAVA_HOME first, then PATH, then what the distribution keeps in
# /usr/lib/jvm (PATH may still name an older one). With an argument `javac` a mere runtime will not do.
read_release() {
    jdk_major=0 jdk_version=
    [ -r "$1/release" ] || return 1
    while IFS='=' read -r key value; do
        value=${value#\"}
        value=${value%\"}
        case $key in
            JAVA_VERSION) jdk_major=${value%%[!0-9]*} ;;
            JAVA_RUNTIME_VERSION) jdk_version=$value ;;
        esac
    done <"$1/release"
    [ "${jdk_major:-0}" -ge 17 ]
}

find_jdk() {
    if [ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/${1:-java}" ] && read_release "$JAVA_HOME"; then
        java_home=$JAVA_HOME
        return 0
    fi
    if java_home=$(command -v "${1:-java}"); then
        java_home=$(readlink -f "$java_home")
        java_home=${java_home%/bin/*}
        if [ -x "$java_home/bin/${1:-java}" ] && read_release "$java_home"; then
            return 0
        fi
    fi
    for java_home in /usr/lib/jvm/*; do
        if [ ! -h "$java_home" ] && [ -x "$java_home/bin/${1:-java}" ] && read_release "$java_home"; then
            return 0
        fi
    done
    java_home=
    return 1
}

# need_tools [PACKAGE TOOL-OR-FILE]...: the tools of a build and a run, and more if given, are there afterwards.
# Root gets them from apt; anyone else is told the one line to run.
need_tools() {
    missing=
    find_jdk javac || missing='default-jdk-headless'
    set -- maven mvn gcc gcc libc6-dev /usr/include/stdio.h musl-tools musl-gcc qemu-system-x86 qemu-system-x86_64 util-linux flock "$@"
    while [ $# -gt 0 ]; do
        { [ "${2#/}" != "$2" ] && [ -e "$2" ]; } || command -v "$2" >/dev/null || missing="$missing $1"
        shift 2
    done
    missing=${missing# }
    if [ -n "$missing" ]; then
        command -v apt-get >/dev/null ||
            die "missing here, under Debian's package names: $missing; please install them and run $me again"
        if [ "$(id -u)" != 0 ]; then
            say "some Debian packages are missing; please run this line, then $me again:"
            printf 'sudo apt-get update && sudo apt-get install -y --no-install-recommends %s\n' "$missing" >&2
            exit 1
        fi
        say "installing Debian packages: $missing"
        mkdir -p "$here/target"
        # shellcheck disable=SC2086  # a list of names
        { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; } \
            >"$here/target/install.log" 2>&1 </dev/null || {
            tail -n 20 "$here/target/install.log" >&2
            die "apt-get could not install them (all of it: target/install.log)"
        }
        find_jdk javac || die "still no JDK 17 or later after installing default-jdk-headless; please set JAVA_HOME"
    fi
    export JAVA_HOME="$java_home"
}

# fuzzer_library: where clang's libFuzzer is, of whatever version; a name that does not exist where there is none.
fuzzer_library() {
    set -- "$(find /usr/lib/llvm-* -name 'libclang_rt.fuzzer*.a' 2>/dev/null | head -n 1)"
    echo "${1:-/usr/lib/llvm/libclang_rt.fuzzer.a}"
}

# One build of a clone at a time, whoever starts it: the lock ends with the last process that holds descriptor 9.
# It is on a file of the sources because target/ may be deleted at any moment.
lock_tree() {
    if [ ! -w "$here/pom.xml" ] || [ ! -w "$here" ]; then
        die "$here has to be built and this user may not write there; please clone it to a place of your own"
    fi
    exec 9<>"$here/pom.xml"
    if ! flock -n 9; then
        say "waiting for another build of $here to end"
        flock 9
    fi
}

# Java takes the home directory from the password file, but a session may have been given another one: Maven's
# local repository and JNA's cache belong there.
follow_home() {
    if [ -n "${HOME:-}" ] && [ "$(getent passwd "$(id -u)" | cut -d: -f6)" != "$HOME" ]; then
        export JDK_JAVA_OPTIONS="${JDK_JAVA_OPTIONS:-} '-Duser.home=$HOME'"
    fi
}

# maven ARGUMENTS: nothing asked, no colours, no progress bars.
maven() {
    # The C1 compiler is enough for Maven's own short life; the compilers and tests it forks are not concerned.
    MAVEN_OPTS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC ${MAVEN_OPTS:-}" \
        mvn -B -ntp -Dstyle.color=never "$@"
}
