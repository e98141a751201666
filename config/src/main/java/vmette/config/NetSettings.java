package vmette.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * What is behind network cards.
 *
 * @param backend which program
 * @param passt where passt is; empty: on the {@code PATH}
 */
public record NetSettings(NetBackend backend, Optional<Path> passt) {}
