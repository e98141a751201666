package vmette.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import vmette.config.AcceleratorChoice;
import vmette.config.QemuSettings;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteException;

/**
 * What of QEMU is found here, for people; starting a VM looks for itself.
 *
 * @param binary the program; empty: there is none
 * @param version as it says itself; empty: it does not
 * @param accelerator what would run guests; empty: what the settings demand is not to be had
 * @param problem what is missing and what to do, empty if nothing
 */
public record QemuInstallation(
        Optional<Path> binary, Optional<String> version, Optional<Accelerator> accelerator, Optional<String> problem) {
    private static final Pattern VERSION = Pattern.compile("version ([0-9][0-9A-Za-z.+~-]*)");
    private static final long SECONDS = 5;

    /** Looks, and asks the program for its version, for some seconds at most. */
    public static QemuInstallation look(QemuSettings settings) {
        Optional<Path> binary = Optional.empty();
        Optional<Accelerator> accelerator = Optional.empty();
        Optional<String> problem = Optional.empty();
        try {
            binary = Optional.of(QemuProbe.find(settings.binary()));
            accelerator = Optional.of(Accelerator.choose(settings.accelerator()));
        } catch (VmetteException e) {
            problem = Optional.of(e.getMessage());
        }
        return new QemuInstallation(binary, binary.flatMap(QemuInstallation::version), accelerator, problem);
    }

    /** Whether KVM is taken where nobody demands anything. */
    public static boolean hasKvm() {
        return Accelerator.choose(AcceleratorChoice.AUTO) == Accelerator.KVM;
    }

    private record Asked(Object inode, Object changed, String version) {}

    private static final Map<Path, Asked> ASKED = new ConcurrentHashMap<>();

    /** @throws StartFailedException if it does not say */
    static String versionOf(Path binary) {
        try {
            Map<String, Object> now = Files.readAttributes(binary, "unix:ino,ctime");
            Asked known = ASKED.get(binary);
            if (known == null || !known.inode.equals(now.get("ino")) || !known.changed.equals(now.get("ctime"))) {
                String said = version(binary)
                        .orElseThrow(() -> new StartFailedException(binary + " does not say which version it is"));
                known = new Asked(now.get("ino"), now.get("ctime"), said);
                ASKED.put(binary, known);
            }
            return known.version;
        } catch (IOException e) {
            throw new StartFailedException("cannot look at " + binary + ": " + e.getMessage(), e);
        }
    }

    private static Optional<String> version(Path binary) {
        try {
            Process process = new ProcessBuilder(binary.toString(), "--version")
                    .redirectErrorStream(true)
                    .start();
            try {
                process.getOutputStream().close();
                // Its few words fit into the pipe; what says more is not QEMU, and is ended.
                return process.waitFor(SECONDS, TimeUnit.SECONDS)
                        ? version(process.getInputStream())
                        : Optional.empty();
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private static Optional<String> version(InputStream words) throws IOException {
        Matcher found = VERSION.matcher(new String(words.readNBytes(words.available()), StandardCharsets.UTF_8));
        return found.find() ? Optional.of(found.group(1)) : Optional.empty();
    }
}
