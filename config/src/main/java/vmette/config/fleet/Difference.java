package vmette.config.fleet;

import java.util.Optional;

/**
 * One key that is otherwise than it was.
 *
 * @param key as a file has it, such as {@code memory} or {@code recovery.mode}
 * @param from what it was; empty: it was not there
 * @param to what it is to be; empty: it is to be there no more
 */
public record Difference(String key, Optional<String> from, Optional<String> to) {
    /** {@code KEY: OLD -> NEW}. */
    @Override
    public String toString() {
        return key + ": " + from.orElse("nothing") + " -> " + to.orElse("nothing");
    }
}
