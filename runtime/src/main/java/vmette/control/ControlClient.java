package vmette.control;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import vmette.errors.GuestFileException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;
import vmette.files.FileKind;
import vmette.vmm.GuestText;

/** Asks the runtime of a named VM, in whatever process of this user it is. Blocking; each operation has a connection of its own. */
public final class ControlClient {
    private final String name;
    private final Runtimes.Peer runtime;

    /**
     * What stands under a path of the guest.
     *
     * @param kind what it is, links followed
     * @param mode its permission bits
     * @param size in bytes
     */
    public record Told(FileKind kind, int mode, long size) {}

    /** Puts out content as long as it is given some. */
    @FunctionalInterface
    public interface Content {
        /** Writes all of it. */
        void writeTo(OutputStream out) throws IOException;
    }

    /** Takes content. */
    @FunctionalInterface
    public interface Taker {
        /** Reads all of it. */
        void readFrom(InputStream in) throws IOException;
    }

    private ControlClient(String name, Runtimes.Peer runtime) {
        this.name = name;
        this.runtime = runtime;
    }

    /**
     * Finds a running VM.
     *
     * @param setting the value of {@code vmette.runtime-dir}, or empty
     * @throws VmetteIoException if there is none of that name
     */
    public static ControlClient find(String setting, String name) {
        return new ControlClient(name, Runtimes.find(setting).ofVm(name));
    }

    /** What stands under a path; empty if nothing does. */
    public Optional<Told> stat(String path) {
        try {
            return Optional.of(transfer(path, connection -> {
                connection.write(new ControlFrame.Request(List.of("stat", name, path)));
                if (!(next(connection, path) instanceof ControlFrame.Answer answer)) {
                    throw new IOException("no answer");
                }
                finish(connection, path);
                return told(answer.words());
            }));
        } catch (GuestFileException e) {
            if (e.reason().equals("ENOENT")) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static Told told(List<String> words) throws IOException {
        try {
            FileKind kind = FileKind.valueOf(words.get(0));
            int mode = Integer.parseInt(words.get(1), 8);
            return new Told(kind, mode, Long.parseLong(words.get(2)));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new IOException("an answer that is none: " + words, e);
        }
    }

    /** Reads a file. */
    public void read(String path, Taker taker) {
        download(List.of("read", name, path), path, taker);
    }

    /** Reads a directory as a tar archive. */
    public void readTree(String path, Taker taker) {
        download(List.of("read-tree", name, path), path, taker);
    }

    /** Writes a file. */
    public void write(String path, int mode, Content content) {
        upload(List.of("write", name, path, Integer.toOctalString(mode)), path, content);
    }

    /** Unpacks a tar archive in a directory. */
    public void writeTree(String path, Content content) {
        upload(List.of("write-tree", name, path), path, content);
    }

    private void download(List<String> request, String path, Taker taker) {
        transfer(path, connection -> {
            connection.write(new ControlFrame.Request(request));
            taker.readFrom(new Download(connection, path));
            return null;
        });
    }

    /** What is downloaded; its end is the server's word that it was all. */
    private final class Download extends FrameInput {
        private final ControlConnection connection;
        private final String path;

        Download(ControlConnection connection, String path) {
            this.connection = connection;
            this.path = path;
        }

        @Override
        Optional<byte[]> next() throws IOException {
            return ControlClient.this.next(connection, path) instanceof ControlFrame.Data data
                    ? Optional.of(data.bytes())
                    : Optional.empty();
        }
    }

    private void upload(List<String> request, String path, Content content) {
        transfer(path, connection -> {
            connection.write(new ControlFrame.Request(request));
            try {
                content.writeTo(connection.content());
                connection.write(new ControlFrame.End());
            } catch (IOException refused) {
                throw worded(connection, path, refused);
            }
            finish(connection, path);
            return null;
        });
    }

    /** A server that takes no more has said why, unless it is our own content that could not be had. */
    private IOException worded(ControlConnection connection, String path, IOException refused) throws IOException {
        if (isBroken(refused)) {
            next(connection, path);
        }
        return refused;
    }

    private static boolean isBroken(IOException failure) {
        String message = String.valueOf(failure.getMessage());
        return message.contains("Broken pipe") || message.contains("Connection reset");
    }

    private void finish(ControlConnection connection, String path) throws IOException {
        if (!(next(connection, path) instanceof ControlFrame.Succeeded)) {
            throw new IOException("no outcome");
        }
    }

    /** The next frame, unless it is a failure, which is thrown. */
    private ControlFrame next(ControlConnection connection, String path) throws IOException {
        ControlFrame frame = connection.read();
        if (frame instanceof ControlFrame.Failed failed) {
            throw new GuestFileException(failed.message(), "copy", path, 0, failed.reason());
        }
        return frame;
    }

    private interface Transfer<T> {
        T over(ControlConnection connection) throws IOException;
    }

    private <T> T transfer(String path, Transfer<T> transfer) {
        try (ControlConnection connection = new ControlConnection(SocketChannel.open(runtime.address()))) {
            connection.open();
            return transfer.over(connection);
        } catch (EOFException | SocketException e) {
            throw new VmLostException("the run of VM " + name + " ended while " + path + " was copied", e);
        } catch (FileSystemException e) {
            throw new VmetteIoException("cannot copy " + printable(e.getFile()) + ": " + why(e), e);
        } catch (IOException e) {
            throw new VmetteIoException("cannot copy " + path + " of VM " + name + ": " + printable(e.getMessage()), e);
        }
    }

    /** What a guest has named may stand in it. */
    private static String printable(String text) {
        return GuestText.printable(String.valueOf(text));
    }

    private static String why(FileSystemException e) {
        if (e instanceof NoSuchFileException) {
            return "no such file or directory";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        return printable(e.getReason() == null ? e.toString() : e.getReason());
    }
}
