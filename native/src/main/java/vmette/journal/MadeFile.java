package vmette.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * What {@link JournalRecord.FileMade} tells of: a file, or a directory that was made for one file alone. Whoever is about to open a name that is
 * removed meanwhile may make another file of it instead; below a directory that is gone he cannot.
 */
public final class MadeFile {
    /** The file's name in a directory of its own. */
    public static final String INSIDE = "memory";

    /** How the name of such a directory ends; no other is one. */
    public static final String DIRECTORY = ".memory";

    private MadeFile() {}

    /** Whether it is there: a link is not followed, and is no file of ours. */
    public static boolean isThere(Path made) {
        return Files.isRegularFile(made, LinkOption.NOFOLLOW_LINKS) || isDirectory(made);
    }

    private static boolean isDirectory(Path made) {
        return made.toString().endsWith(DIRECTORY) && Files.isDirectory(made, LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Removes it, and of a directory only that one file.
     *
     * @return whether it was there
     * @throws IOException if it is there still; a directory may have other files in it
     */
    public static boolean remove(Path made) throws IOException {
        if (!isThere(made)) {
            return false;
        }
        if (isDirectory(made)) {
            Files.deleteIfExists(made.resolve(INSIDE));
        }
        return Files.deleteIfExists(made);
    }
}
