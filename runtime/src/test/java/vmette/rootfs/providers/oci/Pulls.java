package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import vmette.rootfs.RootfsRequest;

/** Pulls into a cache of its own, by a clock of its own. */
final class Pulls {
    static final Duration TTL = Duration.ofMinutes(15);
    static final long MOST = 64 << 20;

    final Path cache;
    final SetClock clock = new SetClock();
    final RecordedProgress progress = new RecordedProgress();
    private final Path home;
    private Map<String, String> environment = Map.of();
    private Duration patience = Duration.ofSeconds(60);
    long most = MOST;

    Pulls(Path directory) throws IOException {
        this.cache = Files.createDirectories(directory.resolve("cache"));
        this.home = Files.createDirectories(directory.resolve("home"));
    }

    Pulls environment(Map<String, String> given) {
        environment = given;
        return this;
    }

    Pulls patience(Duration given) {
        patience = given;
        return this;
    }

    Path home() {
        return home;
    }

    PulledImage pull(String reference) {
        return pull(reference, false);
    }

    PulledImage offline(String reference) {
        return pull(reference, true);
    }

    private PulledImage pull(String reference, boolean offline) {
        OciPuller puller = new OciPuller(new Credentials(environment, home), TTL, clock, patience);
        return puller.pull(new RootfsRequest(reference, cache, most, offline, progress), digest -> false);
    }

    /** The cache's files, by their path in it; locks left out. */
    List<String> files() throws IOException {
        Path root = cache.resolve("oci");
        if (!Files.exists(root)) {
            return List.of();
        }
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString())
                    .filter(name -> !name.startsWith("locks"))
                    .sorted()
                    .toList();
        }
    }

    static byte[] bytes(CachedLayer layer) throws IOException {
        try (var in = layer.open()) {
            return in.readAllBytes();
        }
    }
}
