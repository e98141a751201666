package vmette.process;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Finds programs the way a shell does. */
public final class Executables {
    private Executables() {}

    /**
     * The first executable file of this name in the directories of {@code PATH}.
     *
     * @param name a file name without a slash
     */
    public static Optional<Path> find(String name) {
        return find(name, System.getenv().getOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin"));
    }

    /**
     * As {@link #find(String)}, and then in these directories, which not every user has in {@code PATH}.
     *
     * @param further absolute
     */
    public static Optional<Path> find(String name, List<String> further) {
        return find(name).or(() -> find(name, String.join(File.pathSeparator, further)));
    }

    static Optional<Path> find(String name, String searchPath) {
        for (String directory : searchPath.split(File.pathSeparator, -1)) {
            try {
                // An empty or relative entry means the working directory: nothing to run a VM from.
                if (!directory.startsWith("/")) {
                    continue;
                }
                Path candidate = Path.of(directory, name);
                if (isExecutable(candidate)) {
                    return Optional.of(candidate);
                }
            } catch (InvalidPathException unusable) {
                // The next directory may serve.
            }
        }
        return Optional.empty();
    }

    /** Whether this is a regular file (links are followed) that we may execute. */
    public static boolean isExecutable(Path file) {
        return Files.isRegularFile(file) && Files.isExecutable(file);
    }
}
