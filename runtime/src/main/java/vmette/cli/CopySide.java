package vmette.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import vmette.errors.InvalidConfigException;

/** One side of a copy, as a user writes it. */
sealed interface CopySide {
    /** A path of this host. */
    record Host(Path path, String written) implements CopySide {}

    /**
     * A path of a guest.
     *
     * @param vm its name
     * @param path absolute
     */
    record Guest(String vm, String path) implements CopySide {
        /** A name in it. */
        Guest child(String name) {
            return new Guest(vm, path.endsWith("/") ? path + name : path + "/" + name);
        }

        /** The last component; empty for the root, {@code .} if it ends so, or by {@code ..}, which would lead out of where it is copied to. */
        String name() {
            String trimmed = path.replaceAll("/+$", "");
            String last = trimmed.substring(trimmed.lastIndexOf('/') + 1);
            return last.equals("..") ? "." : last;
        }
    }

    /** VM names have no slash and no colon; a host's path with a colon is written with a slash before it. */
    Pattern REMOTE = Pattern.compile("([^/:]+):(.*)", Pattern.DOTALL);

    /** NAME:/PATH is a guest's, everything else a host's. */
    static CopySide parse(String written) {
        Matcher remote = REMOTE.matcher(written);
        if (remote.matches()) {
            if (!remote.group(2).startsWith("/")) {
                throw new InvalidConfigException("'" + written
                        + "': a path in a guest is absolute, as in NAME:/tmp/file (for a file of this host with a colon, write ./"
                        + written + ")");
            }
            return new Guest(remote.group(1), remote.group(2));
        }
        if (written.isEmpty()) {
            throw new InvalidConfigException("an empty path is no file");
        }
        try {
            return new Host(Path.of(written), written);
        } catch (InvalidPathException e) {
            throw new InvalidConfigException("'" + written + "' is no path: " + e.getReason(), e);
        }
    }
}
