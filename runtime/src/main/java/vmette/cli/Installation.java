package vmette.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import vmette.errors.InvalidConfigException;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;
import vmette.linux.Exchange;
import vmette.linux.LinuxException;

/**
 * Puts the C ABI where compilers and linkers look: {@code lib/libvmette.so.0}, {@code lib/libvmette.so}, {@code lib/vmette/} with the jars,
 * {@code include/vmette.h} and {@code lib/pkgconfig/vmette.pc}. All is written aside first and then renamed, so that what cannot be
 * written leaves things as they were. Whatever the umask, all may read it and only its owner may write it: who writes it decides what runs.
 */
final class Installation {
    /** The soname. */
    private static final String LIBRARY = "libvmette.so.0";

    private static final String HEADER = "vmette.h";
    private static final List<String> PARTS = List.of("lib", "native");
    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-r--r--");
    private static final Set<PosixFilePermission> DIRECTORY = PosixFilePermissions.fromString("rwxr-xr-x");

    /** Java's separator, and what pkg-config takes for a comment, an escape, a quotation or a variable. */
    private static final String UNTOLD = ":#\\\"'$";

    private final Path from;
    private final Path prefix;
    private final Path root;
    private final String version;

    /** Aside, and where it is to be. */
    private final Map<Path, Path> staged = new LinkedHashMap<>();

    /**
     * @param from a directory with what was built: the library, its header, and the directories of jars and native libraries
     * @param prefix absolute; where it is used, as the pkg-config file says
     * @param root where the prefix is meanwhile, as for packages; {@code /} to install it in place
     * @param version of the library
     * @throws InvalidConfigException if the prefix is relative, or nothing was built there
     */
    Installation(Path from, Path prefix, Path root, String version) {
        if (!prefix.isAbsolute()) {
            throw new InvalidConfigException(
                    "--prefix " + prefix + " is relative: give an absolute path, as in --prefix /usr/local");
        }
        if (prefix.toString().chars().anyMatch(c -> c <= ' ' || UNTOLD.indexOf(c) >= 0)) {
            throw new InvalidConfigException("--prefix " + prefix + " has a blank or one of " + UNTOLD
                    + " in it, which pkg-config or Java cannot be told: choose another");
        }
        for (String needed : List.of(LIBRARY, HEADER, "lib", "native")) {
            if (!Files.exists(from.resolve(needed))) {
                throw new InvalidConfigException("there is no " + needed + " in " + from
                        + ", so there is nothing to install: run it from a clone, after a build");
            }
        }
        this.from = from;
        this.prefix = prefix.normalize();
        this.root = root;
        this.version = version;
    }

    /** Where the jars are, when it is installed. */
    Path home() {
        return place("lib").resolve("vmette");
    }

    /**
     * Installs.
     *
     * @return what is there now
     * @throws VmetteIoException if something cannot be written; no half-written file is left then, and nothing has been replaced unless the
     *     very replacing was refused, as of a file that is mounted
     */
    List<Path> install() {
        Path lib = place("lib");
        try {
            Path jars = aside(home());
            makeDirectory(jars);
            for (String part : PARTS) {
                copy(from.resolve(part), jars.resolve(part));
            }
            copyFile(from.resolve(LIBRARY), aside(lib.resolve(LIBRARY)));
            Files.createSymbolicLink(aside(lib.resolve("libvmette.so")), Path.of(LIBRARY));
            copyFile(from.resolve(HEADER), aside(place("include").resolve(HEADER)));
            Path description = aside(lib.resolve("pkgconfig").resolve("vmette.pc"));
            Files.writeString(description, packageFile());
            Files.setPosixFilePermissions(description, FILE);
            for (Map.Entry<Path, Path> each : staged.entrySet()) {
                replace(each.getKey(), each.getValue());
            }
            return List.copyOf(staged.values());
        } catch (IOException | UncheckedIOException | LinuxException e) {
            staged.keySet().forEach(Installation::remove);
            throw new VmetteIoException("cannot install into " + place("") + ": " + reason(e), e);
        }
    }

    private static String reason(Exception failure) {
        Throwable cause = failure instanceof UncheckedIOException ? failure.getCause() : failure;
        if (cause instanceof AccessDeniedException denied) {
            return denied.getFile() + " may not be written by this user: choose another --prefix, or become root";
        }
        if (cause instanceof FileAlreadyExistsException there) {
            return there.getFile() + " is there and is no directory: choose another --prefix";
        }
        return cause instanceof IOException failed ? Reasons.of(failed) : cause.getMessage();
    }

    private Path place(String name) {
        return root.resolve(Path.of("/").relativize(prefix)).resolve(name).normalize();
    }

    private Path aside(Path target) throws IOException {
        makeDirectory(target.getParent());
        removeAbandoned(target);
        Path beside = target.resolveSibling(
                "." + target.getFileName() + ".new-" + ProcessHandle.current().pid());
        staged.put(beside, target);
        return beside;
    }

    /** What installations have left that were killed, and not what one is writing just now. */
    private static void removeAbandoned(Path target) throws IOException {
        Pattern ours = Pattern.compile(
                "\\." + Pattern.quote(target.getFileName().toString()) + "\\.new-(\\d{1,18})(-former)?");
        try (DirectoryStream<Path> beside = Files.newDirectoryStream(target.getParent(), ".*")) {
            for (Path each : beside) {
                Matcher name = ours.matcher(each.getFileName().toString());
                if (name.matches() && !isOther(Long.parseLong(name.group(1)))) {
                    remove(each);
                }
            }
        }
    }

    private static boolean isOther(long pid) {
        return pid != ProcessHandle.current().pid() && ProcessHandle.of(pid).isPresent();
    }

    private static void makeDirectory(Path wanted) throws IOException {
        if (Files.isDirectory(wanted)) {
            return;
        }
        makeDirectory(wanted.getParent());
        // A umask takes some away, and must not be needed for that.
        Files.createDirectory(wanted, PosixFilePermissions.asFileAttribute(DIRECTORY));
        Files.setPosixFilePermissions(wanted, DIRECTORY);
    }

    private static void copyFile(Path file, Path to) throws IOException {
        Files.copy(file, to);
        Files.setPosixFilePermissions(to, FILE);
    }

    private static void copy(Path tree, Path to) throws IOException {
        makeDirectory(to);
        List<Path> files;
        try (Stream<Path> found = Files.list(tree)) {
            files = found.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            copyFile(file, to.resolve(file.getFileName()));
        }
    }

    /** A directory cannot be renamed over one that is not empty. */
    static void replace(Path made, Path target) throws IOException {
        if (!Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            Files.move(made, target, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        // A program that begins meanwhile finds the one or the other.
        if (Exchange.of(made, target)) {
            remove(made);
            return;
        }
        Path former = made.resolveSibling(made.getFileName() + "-former");
        Files.move(target, former, StandardCopyOption.ATOMIC_MOVE);
        Files.move(made, target, StandardCopyOption.ATOMIC_MOVE);
        remove(former);
    }

    private String packageFile() {
        return """
                prefix=%s
                libdir=${prefix}/lib
                includedir=${prefix}/include

                Name: vmette
                Description: Linux microVMs from C
                Version: %s
                Libs: -L${libdir} -lvmette
                Cflags: -I${includedir}
                """.formatted(prefix, version);
    }

    private static void remove(Path tree) {
        if (!Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> found = Files.walk(tree)) {
            List<Path> all = new ArrayList<>(found.toList());
            all.sort(Comparator.reverseOrder());
            for (Path each : all) {
                Files.delete(each);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
