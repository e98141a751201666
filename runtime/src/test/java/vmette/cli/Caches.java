package vmette.cli;

import static vmette.HostRoots.host;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import vmette.config.RuntimeSettings;
import vmette.guest.GuestAgent;
import vmette.guest.GuestAssets;

/** Cache directories of tests that would leave large images in the user's own. */
public final class Caches {
    private Caches() {}

    /** A sandbox whose cache has the guest's kernel and programs, and nothing else. */
    static Sandbox sandbox() throws IOException {
        Sandbox sandbox = Sandbox.create("vmette.cache-dir = \"{dir}/cache\"");
        seed(sandbox.directory().resolve("cache"));
        return sandbox;
    }

    /** Settings of a cache at this place, made as above. */
    public static RuntimeSettings settings(Path cache) throws IOException {
        seed(cache);
        return RuntimeSettings.from(ConfigFactory.parseMap(Map.of("vmette.cache-dir", cache.toString()))
                .withFallback(ConfigFactory.load()));
    }

    private static void seed(Path cache) throws IOException {
        Files.createDirectory(cache);
        kernel();
        host("cp", "-r", "--preserve=mode,timestamps", guest().toString(), cache.toString());
    }

    private static Path guest() {
        return RuntimeSettings.load().cacheDir().resolve("guest");
    }

    /** The kernel that is booted unless another one is given; fetched if need be. */
    static Path kernel() {
        return GuestAssets.in(RuntimeSettings.load().cacheDir(), GuestAgent.fromClasspath())
                .prepare(line -> {})
                .kernel();
    }

    /** The directory of that kernel's modules. */
    static Path modules() {
        try (Stream<Path> files = Files.walk(kernel().getParent())) {
            return files.filter(file -> file.endsWith("modules")).findFirst().orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
