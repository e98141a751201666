package vmette.process;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.StartFailedException;
import vmette.journal.Journal;
import vmette.journal.JournalRecord;
import vmette.linux.HugePages;

/**
 * All child processes of one runtime, and the guarantee that none outlives it; see the package. Owns the {@link
 * RuntimeDirectory}, which goes last.
 *
 * <p>Thread-safe. {@link #spawn} does not block; {@link #close} does, for as long as killed processes take to die.
 */
public final class ChildProcesses implements ChildSpawner, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ChildProcesses.class);
    private static final long CLOSE_MILLIS = 5_000;

    /**
     * Runs between setpriv and the program: {@code $0} is our pid. Where it is not the parent's, we died before
     * PR_SET_PDEATHSIG was set, and no signal would ever come. setsid(1) forks only if it leads a process group, which
     * our child does not: the pid stays the same down to the program.
     */
    private static final String GUARD = "[ \"$PPID\" = \"$0\" ] || exit 1; exec \"$@\"";

    private final RuntimeDirectory directory;
    private final Path setpriv;
    private final Path setsid;
    private final Janitor janitor;
    private final SpawnerThread spawner = new SpawnerThread();
    private final Set<Process> living = ConcurrentHashMap.newKeySet();
    private final ShutdownHook shutdownHook = new ShutdownHook(this::close);
    private final Object closing = new Object();
    private volatile boolean closed;

    private ChildProcesses(RuntimeDirectory directory, Path setpriv, Path setsid, Janitor janitor) {
        this.directory = directory;
        this.setpriv = setpriv;
        this.setsid = setsid;
        this.janitor = janitor;
    }

    /**
     * Starts the janitor and the spawning thread, and registers a shutdown hook that closes.
     *
     * @param directory is closed with this, or at once if this fails
     * @throws StartFailedException if setpriv or setsid is missing, or the janitor cannot be started
     */
    public static ChildProcesses open(RuntimeDirectory directory) {
        try {
            Path setsid = utility("setsid");
            ChildProcesses children =
                    new ChildProcesses(directory, utility("setpriv"), setsid, Janitor.start(setsid, directory));
            children.spawner.start();
            children.shutdownHook.register();
            return children;
        } catch (IOException e) {
            directory.close();
            throw new StartFailedException("cannot start the janitor process: " + e.getMessage(), e);
        } catch (StartFailedException e) {
            directory.close();
            throw e;
        }
    }

    private static Path utility(String name) {
        return Executables.find(name)
                .orElseThrow(() -> new StartFailedException(
                        "the program " + name + " is not on the PATH; it is in the package util-linux: install that"));
    }

    /** The directory that goes with these processes. */
    public RuntimeDirectory directory() {
        return directory;
    }

    /**
     * Spawns a child that serves no VM in particular, see {@link #spawn(ChildPurpose, List, Redirect)}.
     *
     * @param command the program's absolute path and its arguments
     * @param input its standard input
     * @return completes on the spawning thread: never block it
     */
    public CompletionStage<Process> spawn(List<String> command, Redirect input) {
        String program = String.valueOf(Path.of(command.get(0)).getFileName());
        return spawn(new ChildPurpose(program, "", Optional.empty()), command, input);
    }

    /**
     * Spawns a child that dies with this JVM, in a session of its own, with {@code /} as working directory, a reduced
     * environment (PATH, HOME, locale, TMPDIR, TZ, LD_LIBRARY_PATH, and the mark by which the {@link
     * Journal} knows it) and its error output joined to its output. Whoever
     * gets the process reads that to its end.
     *
     * <p>A program that cannot be executed shows as a child that says so and ends with status 126 or 127.
     *
     * @param purpose what the journal says of it
     * @param command the program's absolute path and its arguments
     * @param input its standard input, as {@code Redirect.from(...)}; a pipe is closed by whoever gets the process
     * @return completes on the spawning thread: never block it. Fails with {@link StartFailedException} if the system
     *     spawns nothing or this is closed
     */
    @Override
    public CompletionStage<Process> spawn(ChildPurpose purpose, List<String> command, Redirect input) {
        List<String> guarded = guard(command);
        CompletableFuture<Process> spawned = new CompletableFuture<>();
        if (!spawner.execute(() -> spawn(purpose, guarded, command, input, spawned))) {
            spawned.completeExceptionally(refusal(command));
        }
        return spawned;
    }

    private List<String> guard(List<String> command) {
        List<String> guarded = new ArrayList<>(command.size() + 9);
        guarded.addAll(List.of(setpriv.toString(), "--pdeathsig", "KILL", "--", "/bin/sh", "-c", GUARD));
        guarded.add(Long.toString(ProcessHandle.current().pid()));
        guarded.add(setsid.toString());
        guarded.addAll(command);
        return guarded;
    }

    private void spawn(
            ChildPurpose purpose,
            List<String> guarded,
            List<String> command,
            Redirect input,
            CompletableFuture<Process> spawned) {
        if (closed) {
            spawned.completeExceptionally(refusal(command));
            return;
        }
        ProcessBuilder builder =
                new ProcessBuilder(guarded).redirectInput(input).redirectErrorStream(true);
        builder.directory(Path.of("/").toFile());
        ChildEnvironment.reduce(builder.environment());
        Journal journal = directory.journal();
        String mark = directory.newChildMark();
        builder.environment().put(SeenProcess.MARK, mark);
        journal.announce(new JournalRecord.Intent(
                mark,
                directory.boot(),
                purpose.what(),
                purpose.vm(),
                purpose.directory().map(Path::toString).orElse(""),
                command.get(0)));
        Process process;
        try {
            process = purpose.smallPages() ? HugePages.without(builder::start) : builder.start();
        } catch (IOException e) {
            journal.append(new JournalRecord.Ended(mark, -1));
            spawned.completeExceptionally(
                    new StartFailedException("cannot spawn " + command.get(0) + ": " + e.getMessage(), e));
            return;
        }
        living.add(process);
        Optional<ProcessIdentity> identity = ProcessIdentity.of(process.pid());
        identity.ifPresent(child -> {
            janitor.watch(child);
            journal.append(new JournalRecord.Spawned(mark, directory.boot(), child.pid(), child.startTicks()));
        });
        CompletionStage<Process> exit = process.onExit();
        exit.thenAccept(ended -> {
            living.remove(ended);
            journal.append(new JournalRecord.Ended(mark, ended.exitValue()));
            identity.ifPresent(gone -> spawner.execute(() -> janitor.forget(gone)));
        });
        spawned.complete(process);
    }

    private static StartFailedException refusal(List<String> command) {
        return new StartFailedException("cannot spawn " + command.get(0) + ": the runtime is shutting down");
    }

    /**
     * Kills all children, waits up to 5 s until they are reaped and removes the runtime directory; what takes longer is
     * left to the janitor. Idempotent; a second caller waits for the first.
     */
    @Override
    public void close() {
        synchronized (closing) {
            if (closed) {
                return;
            }
            closed = true;
            if (endChildren()) {
                directory.close();
                janitor.dismiss();
            } else {
                log.warn("processes of {} do not die: left to the janitor {}", directory.path(), janitor.pid());
                directory.abandon();
                janitor.handOver();
            }
            shutdownHook.remove();
        }
    }

    private boolean endChildren() {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS);
        try {
            // No child appears after this, and the kernel kills those that the thread has spawned.
            spawner.stop(CLOSE_MILLIS);
            List<Process> last = List.copyOf(living);
            last.forEach(Process::destroyForcibly);
            for (Process process : last) {
                if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    return false;
                }
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
