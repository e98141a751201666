package vmette.files;

import akka.Done;
import akka.NotUsed;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.List;
import java.util.concurrent.CompletionStage;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteIoException;
import vmette.stream.SystemStreams;

/**
 * A guest's files. Thread-safe.
 *
 * <p>Paths are absolute. They are resolved in the guest, by its root. A name that is not UTF-8 has each offending byte as a lone surrogate, U+DC80
 * to U+DCFF, and can be given back so. A path that no Linux could have is refused by an {@link InvalidConfigException} at once.
 *
 * <p>Streams are lazy: each materialisation is an operation of its own, which goes at the pace of the client's demand. One that the
 * guest could not complete fails, and never just ends: with a {@link vmette.errors.GuestFileException} that carries the guest's errno, or another
 * {@code VmetteException} if the VM is lost. A stream that is cancelled, or fails, ends the operation in the guest.
 */
public final class GuestFiles {
    private static final int PERMISSIONS = 07777;

    private final String vm;
    private final FileStreams streams;
    private final SystemStreams system;

    /**
     * @param vm its name, for people
     * @param builtIns runs operations in it
     * @param system where those run whose result is no stream
     */
    public GuestFiles(String vm, BuiltIns builtIns, SystemStreams system) {
        this.vm = vm;
        this.streams = new FileStreams(builtIns);
        this.system = system;
    }

    /**
     * What a file holds. Regular files, also those of {@code /proc} and {@code /sys}, and devices; a pipe or socket is refused
     * ({@code EOPNOTSUPP}).
     *
     * @return its stage completes when all has been read, and fails with a {@code CancellationException} if it was not wanted
     */
    public Source<ByteString, CompletionStage<Done>> read(String path) {
        return streams.output(FileOperation.of(vm, "read", path, "0"));
    }

    /**
     * A part of what a file holds; less if it ends before.
     *
     * @param offset in bytes, from 0; not for what cannot be sought ({@code ESPIPE})
     * @param length in bytes, from 0
     */
    public Source<ByteString, CompletionStage<Done>> read(String path, long offset, long length) {
        if (offset < 0 || length < 0) {
            throw new InvalidConfigException(
                    "offset " + offset + " and length " + length + " are refused: neither may be negative");
        }
        return streams.output(FileOperation.of(vm, "read", path, Long.toString(offset), Long.toString(length)));
    }

    /** Writes a file, {@linkplain WriteMode#REPLACE replacing} the one that is there. */
    public Sink<ByteString, CompletionStage<Done>> write(String path, int mode) {
        return write(path, mode, WriteMode.REPLACE);
    }

    /**
     * Writes a file. A symbolic link is followed.
     *
     * @param mode its permission bits, 0 to 07777
     * @param how what happens to a file that is there
     * @return its stage completes when the guest has confirmed that the file is in place, which is not to say on a disk
     */
    public Sink<ByteString, CompletionStage<Done>> write(String path, int mode, WriteMode how) {
        return streams.input(FileOperation.of(vm, "write", path, octal(mode), how.word()));
    }

    /** What is in a directory, in no order, links not followed. What comes or goes meanwhile may be told or not. */
    public Source<FileEntry, NotUsed> list(String path) {
        FileOperation operation = FileOperation.of(vm, "list", path);
        return streams.output(operation)
                .via(FileStreams.entries(vm))
                .mapMaterializedValue(done -> NotUsed.getInstance());
    }

    /** What a path leads to; a symbolic link is followed. */
    public CompletionStage<FileEntry> stat(String path) {
        return stat(path, FileOperation.of(vm, "stat", path));
    }

    /** What stands under a path; of a symbolic link, the link. */
    public CompletionStage<FileEntry> statLink(String path) {
        return stat(path, FileOperation.of(vm, "stat", path, "nofollow"));
    }

    private CompletionStage<FileEntry> stat(String path, FileOperation operation) {
        Source<FileEntry, ?> told = streams.output(operation).via(FileStreams.entries(vm));
        // Two are enough to know that something is wrong, and a guest may have no end of them.
        return system.run(up -> told.take(2).runWith(Sink.seq(), up)).thenApply(entries -> only(entries, path));
    }

    private FileEntry only(List<FileEntry> entries, String path) {
        if (entries.size() != 1) {
            throw new VmetteIoException(
                    "the agent of VM " + vm + " told of " + (entries.isEmpty() ? "no file" : "several files")
                            + " where one was asked for: it broke the guest protocol");
        }
        return entries.get(0).named(GuestNames.last(path));
    }

    /** Makes a directory; {@code EEXIST} if the name is taken. */
    public CompletionStage<Done> mkdir(String path, int mode) {
        return run(FileOperation.of(vm, "mkdir", path, octal(mode)));
    }

    /** Makes a directory and those above it (mode 0755) that are missing; one that is there already is as good. */
    public CompletionStage<Done> mkdirs(String path, int mode) {
        return run(FileOperation.of(vm, "mkdir", path, octal(mode), "parents"));
    }

    /** Removes a name; of a directory, only if it is empty ({@code ENOTEMPTY}). A symbolic link is not followed. */
    public CompletionStage<Done> remove(String path) {
        return run(FileOperation.of(vm, "remove", path));
    }

    /**
     * Removes a name and, of a directory, all beneath it on its file system; what another is mounted on stops it ({@code EBUSY}), and so is {@code /}
     * refused. Links are not followed. What was removed before a failure is gone.
     */
    public CompletionStage<Done> removeTree(String path) {
        return run(FileOperation.of(vm, "remove", path, "recursive"));
    }

    /**
     * A directory and all beneath it on its file system as a tar archive, names beginning with {@code ./}: files, directories, links of both kinds, pipes and devices
     * with modes, owners and times in seconds. Sockets and extended attributes are left out; a mounted file system is an empty directory.
     */
    public Source<ByteString, CompletionStage<Done>> readTree(String path) {
        return streams.output(FileOperation.of(vm, "tar-out", path));
    }

    /**
     * Unpacks a tar archive (ustar, pax, GNU; uncompressed) beneath a directory, which is made if it is missing, with modes, owners and times. Files
     * take each the place of what is there; directories are merged. Nothing is made outside: absolute names, {@code ..} and ways through
     * symbolic links are refused. What was unpacked before a failure stays, without half a file.
     */
    public Sink<ByteString, CompletionStage<Done>> writeTree(String path) {
        return streams.input(FileOperation.of(vm, "tar-in", path));
    }

    private CompletionStage<Done> run(FileOperation operation) {
        return system.run(up -> streams.run(operation, up));
    }

    private static String octal(int mode) {
        if ((mode & ~PERMISSIONS) != 0) {
            throw new InvalidConfigException(
                    "the mode " + mode + " is refused: allowed is 0 to 07777 (octal), such as 0644");
        }
        return Integer.toOctalString(mode);
    }
}
