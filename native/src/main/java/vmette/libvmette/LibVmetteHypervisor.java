package vmette.libvmette;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.process.ChildSpawner;
import vmette.process.Executables;

/**
 * Makes monitors of a library with the C ABI. Thread-safe.
 *
 * <p>What such a VM is good for is one command from its boot to its end: {@link LibVmetteVmm} says what it cannot do.
 */
public final class LibVmetteHypervisor {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);

    private final Path library;
    private final Path java;
    private final Duration startTimeout;
    private final ChildSpawner children;

    private LibVmetteHypervisor(Path library, Path java, Duration startTimeout, ChildSpawner children) {
        this.library = library;
        this.java = java;
        this.startTimeout = startTimeout;
        this.children = children;
    }

    /**
     * Looks for the library; loads nothing, which only the process of a VM does.
     *
     * @param library {@code libvmette.so} or {@code libvmette.dylib}
     * @param children spawns the processes: {@code ChildProcesses} on Linux, {@code PortableChildren} elsewhere; stays the caller's
     * @throws InvalidConfigException if there is no such file
     */
    public static LibVmetteHypervisor open(Path library, ChildSpawner children) {
        Path file = library.toAbsolutePath();
        if (!Files.isRegularFile(file)) {
            throw new InvalidConfigException("there is no library " + file + ": name libvmette.so or libvmette.dylib");
        }
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        return new LibVmetteHypervisor(file, java, START_TIMEOUT, children);
    }

    /**
     * The same with another {@code java} for the VMs' processes: macOS lets a program have VMs only if it is signed for that.
     *
     * @throws InvalidConfigException if it is no program
     */
    public LibVmetteHypervisor withJava(Path program) {
        Path file = program.toAbsolutePath();
        if (!Executables.isExecutable(file)) {
            throw new InvalidConfigException("java = " + file + " is refused: it is no program that can be run");
        }
        return new LibVmetteHypervisor(library, file, startTimeout, children);
    }

    /** The same with another limit, positive, for a process to begin and load the library; 60 s by default. */
    public LibVmetteHypervisor withStartTimeout(Duration limit) {
        if (limit.isNegative() || limit.isZero()) {
            throw new InvalidConfigException("a start timeout of " + limit + " is refused: allowed is more than 0");
        }
        return new LibVmetteHypervisor(library, java, limit, children);
    }

    /**
     * Makes a monitor, not started yet.
     *
     * @param name for people
     * @param spec what it runs: a command is needed; without a kernel or an initramfs the library has to find them, as ours does; the root, if any, is a directory
     * @param directory private, exists until the monitor has exited, and stays the caller's; nothing else of this kind is in it
     * @param output takes what the guest's command and the library write to their output and error output, as one; called on a thread of its
     *     own, it may block, which slows the guest down; never closed
     * @throws InvalidConfigException if the specification asks for what the ABI has no function for, or is wrong for this host
     */
    public LibVmetteVmm create(String name, VmSpec spec, Path directory, OutputStream output) {
        RunOrder order = new RunOrder(library.toString(), RunConfig.of(name, spec));
        // Refused now what would be too long then.
        RunOrderCodec.encode(order);
        return new LibVmetteVmm(name, order, java, directory.toAbsolutePath(), startTimeout, children, output);
    }
}
