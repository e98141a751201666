package vmette.process;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shell in a session of its own that removes the runtime directory when this JVM has died without doing so. It knows
 * of the death by the end of its standard input, whose other end only this JVM holds.
 *
 * <p>Not thread-safe: used by the spawning thread, then by whoever closes.
 */
final class Janitor {
    private static final Logger log = LoggerFactory.getLogger(Janitor.class);

    private static final int PATIENCE_TENTHS = 50;

    /** It has nothing to do but to read a word: longer only on a host that is overloaded. */
    private static final long LEAVE_MILLIS = 5_000;

    /**
     * {@code $1} is the directory. The children die by the kernel's hand; the janitor waits {@code $2} tenths of a second for that, kills by
     * itself what is left (pid and start time must both match), waits again, and removes the directory. What has a mark in its environment that begins with {@code $4}
     * is killed too: descendants of children. One in the middle of execve(2) shows no environment, so only a third look that finds none is believed. Memory files that the journal {@code $3} names go at once: they hold memory of the host, and
     * their names are made for one VM. The journal itself goes if nothing else that it tells of can be left; else the next runtime reads it.
     */
    private static final String SCRIPT = """
            set -f
            directory=$1
            children=
            while read -r word pid start; do
              case $word in
                watch) children="$children $pid:$start" ;;
                forget)
                  kept=
                  for child in $children; do
                    [ "$child" = "$pid:$start" ] || kept="$kept $child"
                  done
                  children=$kept ;;
                bye) exit 0 ;;
              esac
            done
            lives() {
              stat=
              { read -r stat < "/proc/${1%%:*}/stat"; } 2>/dev/null || return 1
              set -- "$1" ${stat##*) }
              [ "$2" != Z ] && [ "$2" != X ] && [ "${21}" = "${1#*:}" ]
            }
            wait_for_all() {
              tries=0
              while [ "$tries" -lt "$2" ]; do
                living=
                for child in $children; do
                  if lives "$child"; then living="$living $child"; fi
                done
                [ -n "$living" ] || return 0
                sleep 0.1
                tries=$((tries + 1))
              done
            }
            wait_for_all "$1" "$2"
            for child in $children; do
              if lives "$child"; then kill -KILL "${child%%:*}"; fi
            done
            wait_for_all "$1" "$2"
            set +f
            tries=0
            calm=0
            while [ "$tries" -lt 50 ] && [ "$calm" -lt 3 ]; do
              marked=$(grep -lsz -e "^VMETTE_MARK=$4-" /proc/[0-9]*/environ)
              if [ -n "$marked" ]; then calm=0; else calm=$((calm + 1)); fi
              for environ in $marked; do
                pid=${environ#/proc/}
                kill -KILL "${pid%/environ}" 2>/dev/null
              done
              sleep 0.1
              tries=$((tries + 1))
            done
            rm -rf -- "$directory"
            memory=' /[A-Za-z0-9/._-]*/vmette-[0-9a-f-]*\\.memory$'
            files=$(grep -e "$memory" "$3" | sed -n 's/^[0-9a-f]* [0-9]* file //p')
            for file in $files; do rm -rf -- "$file"; done
            made=$(grep '^[0-9a-f]* [0-9]* file ' "$3" | grep -cv -e "$memory")
            gone=$(grep '^[0-9a-f]* [0-9]* file-gone ' "$3" | grep -cv -e "$memory")
            [ -z "$marked" ] && [ "$made" = "$gone" ] && rm -f -- "$3"
            """;

    private final Process process;
    private final OutputStream input;
    private boolean lost;

    private Janitor(Process process) {
        this.process = process;
        this.input = process.getOutputStream();
    }

    static Janitor start(Path setsid, RuntimeDirectory directory) throws IOException {
        return start(setsid, directory.path(), directory.journal().file(), directory.mark(), PATIENCE_TENTHS);
    }

    static Janitor start(Path setsid, Path directory, Path journal, String mark, int patienceTenths)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                setsid.toString(),
                "/bin/sh",
                "-c",
                SCRIPT,
                "vmette-janitor",
                directory.toString(),
                Integer.toString(patienceTenths),
                journal.toString(),
                mark));
        builder.directory(Path.of("/").toFile());
        builder.redirectOutput(Redirect.DISCARD).redirectError(Redirect.DISCARD);
        ChildEnvironment.reduce(builder.environment());
        return new Janitor(builder.start());
    }

    void watch(ProcessIdentity child) {
        say("watch " + child.pid() + " " + child.startTicks());
    }

    void forget(ProcessIdentity child) {
        say("forget " + child.pid() + " " + child.startTicks());
    }

    /** The directory is gone or will be removed by us: the janitor leaves without touching it, and is waited for, for a moment. */
    void dismiss() {
        say("bye");
        endInput();
        try {
            if (!process.waitFor(LEAVE_MILLIS, TimeUnit.MILLISECONDS)) {
                log.warn("the janitor process {} has been told to leave and is still there", process.pid());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Leaves waiting for the children and the removal to the janitor. */
    void handOver() {
        endInput();
    }

    long pid() {
        return process.pid();
    }

    private void say(String line) {
        if (lost) {
            return;
        }
        try {
            input.write((line + "\n").getBytes(StandardCharsets.US_ASCII));
            input.flush();
        } catch (IOException e) {
            lost = true;
            log.warn(
                    "the janitor process {} is gone ({}): if this JVM is killed too, the next runtime removes its directory",
                    process.pid(),
                    e.getMessage());
        }
    }

    private void endInput() {
        try {
            input.close();
        } catch (IOException e) {
            log.debug("closing the janitor's input", e);
        }
    }
}
