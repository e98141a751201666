package vmette.capi;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import vmette.errors.Reasons;
import vmette.errors.Status;
import vmette.errors.VmetteException;
import vmette.vmm.GuestText;

/** What C calls. No exception leaves it but errors of the JVM. */
final class Entry {
    private static final SharedRuntime RUNTIME = new SharedRuntime();

    private static final int MOST_CHARS = 8_000;

    private Entry() {}

    /**
     * Runs a VM to its end. If that fails, one line on descriptor 2 says why.
     *
     * @param request see {@link Request}
     * @return the status in the upper half, the exit code in the lower
     */
    static long run(byte[] request) {
        adoptLoader();
        try {
            return outcome(Status.OK, RUNTIME.run(Request.decode(request)).code());
        } catch (RuntimeException e) {
            Throwable reason = Reasons.unwrapped(e);
            say(reason instanceof VmetteException ? reason.getMessage() : reason + " (this is a bug)");
            return outcome(status(e), 0);
        }
    }

    /** Ends every VM; for the end of the process. */
    static void close() {
        adoptLoader();
        RUNTIME.close();
    }

    /** The libraries look for their resources by it, and a thread that C attaches has the program's own. */
    private static void adoptLoader() {
        Thread.currentThread().setContextClassLoader(Entry.class.getClassLoader());
    }

    static Status status(Throwable failure) {
        return Reasons.unwrapped(failure) instanceof VmetteException known ? known.status() : Status.IO;
    }

    static long outcome(Status status, int code) {
        return ((long) status.code() << Integer.SIZE) | Integer.toUnsignedLong(code);
    }

    /** {@code System.err} may be a program's own by now. */
    static void say(String text) {
        byte[] line = ("vmette: " + oneLine(text) + "\n").getBytes(StandardCharsets.UTF_8);
        try {
            new FileOutputStream(FileDescriptor.err).write(line);
        } catch (IOException e) {
            // Nobody is there to hear of it.
            return;
        }
    }

    /** What a guest's console said may have many lines, and any characters; so may what the program has set, which may be long as well. */
    static String oneLine(String text) {
        return GuestText.printable(text.strip().replaceAll("\\s*\\R\\s*", " | "), MOST_CHARS);
    }
}
