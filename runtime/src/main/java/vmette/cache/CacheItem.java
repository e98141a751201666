package vmette.cache;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * One thing in the cache, which goes as a whole.
 *
 * @param kind what it is
 * @param of what it was made of or came from, for people; empty: nobody has noted it
 * @param files goes first to last
 * @param lock held by those who use it, alone by those who make it; goes last
 * @param bytes of its files
 * @param lastUsed as far as it is known; at the least when it was made
 * @param state whether it may go
 */
public record CacheItem(
        CacheKind kind, String of, List<Path> files, Optional<Path> lock, long bytes, Instant lastUsed, State state) {
    /** Whether it may go. */
    public enum State {
        /** It may. */
        FREE,
        /** A VM has it, or somebody is making it. */
        IN_USE,
        /** The next VM boots from it. */
        NEEDED
    }

    /** Copies what is given. */
    public CacheItem {
        files = List.copyOf(files);
    }
}
