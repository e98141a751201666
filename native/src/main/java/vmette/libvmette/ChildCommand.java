package vmette.libvmette;

import com.sun.jna.Native;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteException;

/** The command line of a child. */
final class ChildCommand {
    private ChildCommand() {}

    /**
     * @param java the program
     * @param directory the child's, where whatever it leaves behind goes as well
     */
    static List<String> of(Path java, Path directory) {
        List<String> command = new ArrayList<>(List.of(
                java.toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                // Without a core a JVM that has crashed calls exit(3), as if the library had.
                "-XX:+CreateCoredumpOnCrash",
                "-XX:ErrorFile=" + directory.resolve("crash.log"),
                // A signal is to end it at once: the library may have handlers of its own.
                "-Xrs",
                // The run is on the main thread, which has 8 MiB in a C program.
                "-Xss8m",
                // From Java 24 on JNA is warned of otherwise.
                "--enable-native-access=ALL-UNNAMED",
                "-Djna.nosys=true",
                "-Djna.tmpdir=" + directory));
        if (isMac()) {
            // As the main() of a C program is: frameworks serve their main queue there only.
            command.add("-XstartOnFirstThread");
        }
        command.add("-cp");
        command.add(classPath());
        command.add(LibVmetteChild.class.getName());
        command.add(directory.toString());
        return command;
    }

    private static boolean isMac() {
        return System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("mac");
    }

    /** Where the classes are that the child needs, and no others. */
    private static String classPath() {
        Set<String> places = new LinkedHashSet<>();
        for (Class<?> needed : List.of(LibVmetteChild.class, VmetteException.class, Native.class)) {
            try {
                places.add(Path.of(needed.getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI())
                        .toString());
            } catch (URISyntaxException | RuntimeException e) {
                throw new StartFailedException(
                        "cannot tell from which file " + needed.getName() + " was loaded: " + e.getMessage()
                                + "; libvmette needs class paths of jars or directories",
                        e);
            }
        }
        return String.join(File.pathSeparator, places);
    }
}
