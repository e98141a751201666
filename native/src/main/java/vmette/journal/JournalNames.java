package vmette.journal;

import java.nio.file.Path;
import java.util.regex.Pattern;

/** How journals are called: as the runtime's directory beside them, with an ending. */
public final class JournalNames {
    /** What a reaper looks at. */
    public static final Pattern FINISHED = Pattern.compile("[0-9]+-[0-9a-f]{16}\\.journal");

    /** What becomes one in an instant, unless its writer dies. */
    public static final Pattern UNFINISHED = Pattern.compile("\\.new-[0-9a-f]{16}\\.journal");

    private JournalNames() {}

    /** The journal of that runtime directory. */
    public static Path of(Path runtimeDirectory) {
        return runtimeDirectory.resolveSibling(runtimeDirectory.getFileName() + ".journal");
    }

    static String unfinished(long random) {
        return String.format(".new-%016x.journal", random);
    }
}
