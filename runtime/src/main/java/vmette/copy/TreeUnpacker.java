package vmette.copy;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Unpacks a guest's archive in a directory of the host. The guest is hostile: nothing is made or changed outside the directory, no link is
 * followed, hard links lead only to what this archive has brought, devices and pipes are left out, setuid, setgid and sticky bits are
 * dropped unless asked for, and everything belongs to this user. Files take the place of what is there, each whole; directories are merged, and
 * one that was there before keeps its mode.
 * One for each archive; not thread-safe.
 */
public final class TreeUnpacker {
    private static final int PERMISSIONS = 07777;
    private static final int OWNERS_ALL = 0700;
    private static final int MOST_REMEMBERED = 1_000_000;

    private final Path root;
    private final boolean keepSpecial;
    private final CopyProgress progress;
    private final Set<String> unpacked = new HashSet<>();
    // Of directories being filled: who may not write to his own could not fill it, and filling changes its time.
    private final Deque<Pending> pending = new ArrayDeque<>();

    private boolean rootIsMade;

    private record Pending(Path directory, int mode, FileTime modified) {}

    /**
     * @param root the directory, made if it is missing; a link there is followed
     * @param keepSpecial keeps setuid, setgid and sticky bits
     */
    public TreeUnpacker(Path root, boolean keepSpecial, CopyProgress progress) {
        this.root = root;
        this.keepSpecial = keepSpecial;
        this.progress = progress;
    }

    /** Unpacks all of it. What was unpacked before a failure stays. */
    public void readFrom(InputStream in) throws IOException {
        if (!Files.isDirectory(root)) {
            Files.createDirectory(root);
            rootIsMade = true;
        }
        Path real = root.toRealPath();
        HeaderLimit limited = new HeaderLimit(in);
        TarArchiveInputStream tar = new TarArchiveInputStream(limited, StandardCharsets.UTF_8.name());
        for (TarArchiveEntry entry = next(tar, limited); entry != null; entry = next(tar, limited)) {
            unpack(tar, entry, real);
        }
        leaveAllBut(null);
        // The archive's end is not yet the word that it was all.
        in.transferTo(OutputStream.nullOutputStream());
    }

    private static TarArchiveEntry next(TarArchiveInputStream tar, HeaderLimit limited) throws IOException {
        while (tar.getCurrentEntry() != null && tar.skip(Long.MAX_VALUE) > 0) {
            // What of its content was not unpacked is no header of the next.
        }
        limited.header();
        TarArchiveEntry entry = tar.getNextEntry();
        limited.content();
        return entry;
    }

    private void unpack(TarArchiveInputStream tar, TarArchiveEntry entry, Path real) throws IOException {
        String name = normal(entry.getName());
        Path target = name.isEmpty() ? real : real.resolve(path(name));
        leaveAllBut(target);
        if (entry.isDirectory()) {
            unpackDirectory(entry, target, real);
        } else if (name.isEmpty()) {
            throw new IOException("the archive's first name is no directory");
        } else {
            prepareParents(target, real);
            if (!unpackOther(tar, entry, name, target, real)) {
                return;
            }
        }
        progress.entry();
    }

    /** False: left out. */
    private boolean unpackOther(TarArchiveInputStream tar, TarArchiveEntry entry, String name, Path target, Path real)
            throws IOException {
        if (entry.isSymbolicLink()) {
            clear(target);
            Files.createSymbolicLink(target, path(entry.getLinkName()));
        } else if (entry.isLink()) {
            link(entry, target, real);
        } else if (isPlainFile(entry)) {
            try (HostFile file = new HostFile(target)) {
                file.write(tar, mode(entry), progress);
                Files.setLastModifiedTime(file.aside(), entry.getLastModifiedTime());
                file.commit();
            }
            if (unpacked.size() < MOST_REMEMBERED) {
                unpacked.add(name);
            }
        } else {
            progress.leftOut(entry.getName(), "a pipe, a device or of another kind that is no file");
            return false;
        }
        return true;
    }

    /** Not {@code isFile()}, which is true for devices too. */
    private static boolean isPlainFile(TarArchiveEntry entry) {
        byte kind = entry.getLinkFlag();
        boolean file =
                kind == TarConstants.LF_NORMAL || kind == TarConstants.LF_OLDNORM || kind == TarConstants.LF_CONTIG;
        return file && !entry.isSparse();
    }

    private void link(TarArchiveEntry entry, Path target, Path real) throws IOException {
        String to = normal(entry.getLinkName());
        if (!unpacked.contains(to)) {
            throw new IOException("'" + entry.getName() + "' is a hard link to what the archive has not brought");
        }
        Path existing = real.resolve(path(to));
        checkParents(existing, real);
        if (!Files.isRegularFile(existing, LinkOption.NOFOLLOW_LINKS)) {
            throw new IOException("'" + entry.getName() + "' is a hard link to what is no file any more");
        }
        if (!target.equals(existing)) {
            clear(target);
            Files.createLink(target, existing);
        }
    }

    private void unpackDirectory(TarArchiveEntry entry, Path target, Path real) throws IOException {
        boolean made = rootIsMade;
        if (!target.equals(real)) {
            prepareParents(target, real);
            made = makeDirectory(target);
        }
        // What was there is this user's own business: his home would else be as open as a guest likes.
        if (made) {
            Files.setAttribute(target, "unix:mode", mode(entry) | OWNERS_ALL);
            pending.push(new Pending(target, mode(entry), entry.getLastModifiedTime()));
        }
    }

    /** Directories into which the next name does not go have got all they get. */
    private void leaveAllBut(Path next) throws IOException {
        while (!pending.isEmpty()
                && (next == null || !next.startsWith(pending.peek().directory()))) {
            Pending left = pending.pop();
            if (Files.isDirectory(left.directory(), LinkOption.NOFOLLOW_LINKS)) {
                Files.setLastModifiedTime(left.directory(), left.modified());
                Files.setAttribute(left.directory(), "unix:mode", left.mode());
            }
        }
    }

    private int mode(TarArchiveEntry entry) {
        int mode = entry.getMode() & PERMISSIONS;
        return keepSpecial ? mode : HostCopies.plain(mode);
    }

    private static void prepareParents(Path target, Path real) throws IOException {
        for (Path directory : new Ancestors(real, target)) {
            makeDirectory(directory);
        }
    }

    private static void checkParents(Path target, Path real) throws IOException {
        for (Path directory : new Ancestors(real, target)) {
            if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileSystemException(directory.toString(), null, "is no directory");
            }
        }
    }

    /** False: it was there. */
    private static boolean makeDirectory(Path directory) throws IOException {
        try {
            Files.createDirectory(directory);
            return true;
        } catch (FileAlreadyExistsException there) {
            if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileSystemException(
                        directory.toString(),
                        null,
                        "is there and no directory: what is to go into it is not followed there");
            }
            return false;
        }
    }

    /** Makes room for a link, which replaces no directory. */
    private static void clear(Path target) throws IOException {
        if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileSystemException(target.toString(), null, "is a directory");
        }
        Files.deleteIfExists(target);
    }

    private static Path path(String name) throws IOException {
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            throw new IOException(
                    "the name '" + name
                            + "' cannot be written in this locale: set LC_ALL to one of UTF-8, such as C.UTF-8",
                    e);
        }
    }

    /** Without {@code .} and double slashes; empty for the directory itself. */
    private static String normal(String name) throws IOException {
        if (name.startsWith("/") || name.isEmpty() || name.indexOf('\0') >= 0) {
            throw unsafe(name);
        }
        StringBuilder normal = new StringBuilder(name.length());
        for (String component : name.split("/", -1)) {
            if (component.equals("..")) {
                throw unsafe(name);
            }
            if (!component.isEmpty() && !component.equals(".")) {
                normal.append(normal.length() == 0 ? "" : "/").append(component);
            }
        }
        return normal.toString();
    }

    private static IOException unsafe(String name) {
        return new IOException("the guest's archive has the name '" + name + "', which leads out of the directory");
    }
}
