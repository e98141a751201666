package vmette.rootfs.providers;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import vmette.errors.VmetteIoException;
import vmette.process.RuntimeDirectory;

/** Makes a squashfs image of an archive: sqfstar(1) of Debian's squashfs-tools. Not thread-safe. */
final class Sqfstar implements AutoCloseable {
    private static final int MOST_SAID = 4096;
    private static final int END_MINUTES = 10;
    private static final long PROBE_SECONDS = 10;
    private static final long LAST_WORDS_MILLIS = 5_000;

    private final Process process;
    private final StringBuilder said = new StringBuilder();
    private final Thread listener;
    private final Path image;
    private final OutputStream in;

    /**
     * What has a program take itself for root, since the owner of an image's root directory is who makes it. Nothing for root himself, and where
     * the host does not let ordinary users have namespaces: the directory is then theirs.
     */
    private static final class AsRoot {
        private static final List<String> COMMAND = find();

        private static List<String> find() {
            List<String> command = List.of("unshare", "--user", "--map-root-user", "--");
            if (RuntimeDirectory.isRoot()) {
                return List.of();
            }
            List<String> probe = new ArrayList<>(command);
            probe.add("true");
            try {
                Process process = new ProcessBuilder(probe)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
                return process.waitFor(PROBE_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0
                        ? command
                        : List.of();
            } catch (IOException e) {
                return List.of();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return List.of();
            }
        }
    }

    private Sqfstar(Process process, Path image) {
        this.process = process;
        this.image = image;
        this.in = new BufferedOutputStream(process.getOutputStream(), 1 << 18);
        this.listener = new Thread(this::listen, "vmette-sqfstar");
        listener.setDaemon(true);
        listener.start();
    }

    /**
     * Starts it.
     *
     * @param tool its name
     * @param image what it makes, a file that is not there yet
     * @param root what the root directory is like
     */
    static Sqfstar start(String tool, Path image, TarEntry root) {
        List<String> command = new ArrayList<>(AsRoot.COMMAND);
        command.addAll(List.of(tool, "-quiet", "-no-progress", "-exit-on-error"));
        command.addAll(ImageStore.COMPRESSION);
        command.addAll(List.of("-mem", "256M"));
        command.addAll(List.of("-root-mode", Integer.toOctalString(root.mode())));
        // Its owner is who runs it, see AsRoot: 4.5 does not heed -root-uid, nor -root-time, which later ones do.
        long time = Math.max(0, Math.min(0xffffffffL, root.modified()));
        command.addAll(List.of("-root-time", Long.toString(time), "-mkfs-time", "0", image.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        builder.environment().remove("SOURCE_DATE_EPOCH");
        try {
            return new Sqfstar(builder.start(), image);
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot run '" + tool + "', which makes images of archives: " + e.getMessage()
                            + "; install it with: sudo apt-get install squashfs-tools",
                    e);
        }
    }

    /** Where the archive is written to. */
    OutputStream in() {
        return in;
    }

    /** Waits until the image is made. */
    void finish() throws IOException {
        in.close();
        try {
            if (!process.waitFor(END_MINUTES, TimeUnit.MINUTES)) {
                throw new IOException("sqfstar did not end within " + END_MINUTES + " minutes");
            }
        } catch (InterruptedException e) {
            Interrupts.check("making an image", e);
        }
        if (process.exitValue() != 0) {
            throw new IOException("sqfstar failed");
        }
    }

    /** What became of it when it took no more, or has failed. */
    VmetteIoException failure(IOException cause) {
        Interrupts.check("making an image", cause);
        try {
            // What it says last is why; closing would cut that off.
            listener.join(LAST_WORDS_MILLIS);
        } catch (InterruptedException e) {
            Interrupts.check("making an image", e);
        }
        close();
        String last = said().strip();
        String why = last.isEmpty()
                ? cause.getMessage()
                : last.lines().reduce((a, b) -> b).orElse(last);
        boolean full =
                last.contains("No space left") || image.getParent().toFile().getUsableSpace() < 1 << 20;
        return new VmetteIoException(
                "cannot make an image in " + image.getParent() + ": " + why
                        + (full ? "; the disk is full: make room, or set cache-dir to a place with more" : ""),
                cause);
    }

    /** Ends it if it still runs. Idempotent. */
    @Override
    public void close() {
        process.destroyForcibly();
        boolean interrupted = Thread.interrupted();
        try {
            process.waitFor(10, TimeUnit.SECONDS);
            listener.join(10_000);
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void listen() {
        byte[] bytes = new byte[1024];
        try (InputStream output = process.getInputStream()) {
            for (int count = output.read(bytes); count >= 0; count = output.read(bytes)) {
                say(new String(bytes, 0, count, StandardCharsets.UTF_8));
            }
        } catch (IOException e) {
            // closed: nobody wants to know any more
        }
    }

    private void say(String text) {
        synchronized (said) {
            said.append(text);
            said.delete(0, Math.max(0, said.length() - MOST_SAID));
        }
    }

    private String said() {
        synchronized (said) {
            return said.toString();
        }
    }
}
