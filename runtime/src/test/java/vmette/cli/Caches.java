package vmette.cli;

import static vmette.cli.DebianRoot.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import vmette.config.RuntimeSettings;
import vmette.guest.GuestAgent;
import vmette.guest.GuestAssets;

/** Cache directories of tests that would leave large images in the user's own. */
final class Caches {
    private Caches() {}

    /** A sandbox whose cache has the guest's kernel and programs, and nothing else. */
    static Sandbox sandbox() throws IOException, InterruptedException {
        Sandbox sandbox = Sandbox.create("vmette.cache-dir = \"{dir}/cache\"");
        Path own = Files.createDirectory(sandbox.directory().resolve("cache"));
        kernel();
        host("cp", "-r", "--preserve=mode,timestamps", guest().toString(), own.toString());
        return sandbox;
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
