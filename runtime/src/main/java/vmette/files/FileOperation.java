package vmette.files;

import akka.Done;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import vmette.config.ExecSpec;
import vmette.errors.GuestFileException;
import vmette.linux.Errno;
import vmette.vmm.GuestText;

/**
 * One operation on one path: what the agent is to be told, and what its outcome means.
 *
 * @param vm its name, for people
 * @param what the built-in's name
 * @param path what the caller said
 * @param arguments the built-in's, the name first
 */
record FileOperation(String vm, String what, String path, List<String> arguments) {
    private static final Set<String> TREES = Set.of("mkdir", "remove", "tar-out", "tar-in");

    static final String SIGNALLED = "SIGNALLED";

    private static final int LAST_ERRNO = 133;
    private static final int BAD_ARCHIVE = 200;
    private static final int UNSUPPORTED = 201;
    private static final int UNSAFE_NAME = 202;
    private static final int CHANGED = 203;

    /** Checks the path. */
    static FileOperation of(String vm, String what, String path, String... more) {
        List<String> arguments = Stream.concat(Stream.of(what, GuestNames.argument(path)), Stream.of(more))
                .toList();
        return new FileOperation(vm, what, path, arguments);
    }

    /** Whether it may fail elsewhere than at its path, and then says where on its standard error. */
    boolean says() {
        return TREES.contains(what);
    }

    /** With neither input nor output. */
    ExecSpec spec() {
        return base().withoutStdin().discardStdout();
    }

    ExecSpec specWithOutput() {
        return base().withoutStdin();
    }

    ExecSpec specWithInput() {
        return base().discardStdout();
    }

    private ExecSpec base() {
        return says() ? ExecSpec.of(arguments) : ExecSpec.of(arguments).discardStderr();
    }

    /**
     * @param said the built-in's word for people, from the guest
     * @throws GuestFileException unless the outcome is success
     */
    Done check(BuiltIns.Outcome outcome, String said) {
        if (outcome.exited() && outcome.value() == 0) {
            return Done.getInstance();
        }
        if (!outcome.exited()) {
            throw failure(0, SIGNALLED, "signal " + outcome.value() + " ended it", "");
        }
        int value = outcome.value();
        switch (value) {
            case BAD_ARCHIVE -> throw failure(0, "BAD_ARCHIVE", "what it was given is no whole tar archive", said);
            case UNSUPPORTED ->
                throw failure(0, "UNSUPPORTED", "the archive has an entry that cannot be unpacked", said);
            case UNSAFE_NAME -> throw failure(0, "UNSAFE_NAME", "the archive has a name that leads out of it", said);
            case CHANGED -> throw failure(0, "CHANGED", "a file shrank while it was read", said);
            default -> {
                boolean errno = value <= LAST_ERRNO;
                throw failure(
                        errno ? value : 0,
                        errno ? Errno.name(value) : "STATUS_" + value,
                        errno ? Errno.strerror(value) + " (" + Errno.name(value) + ")" : "exit status " + value,
                        said);
            }
        }
    }

    /** What it does, for people. */
    private String verb() {
        return switch (what) {
            case "tar-in" -> "unpack into";
            case "tar-out" -> "read the tree";
            case "mkdir" -> "make the directory";
            default -> what;
        };
    }

    private GuestFileException failure(int errno, String reason, String why, String said) {
        String where = GuestText.printable(said.strip());
        return new GuestFileException(
                "cannot " + verb() + " " + GuestText.printable(path) + " in VM " + vm + ": " + why
                        + (where.isEmpty() ? "" : "; the guest says: " + where),
                what,
                path,
                errno,
                reason);
    }
}
