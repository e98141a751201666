package vmette.journal;

import java.time.Instant;
import java.util.Objects;

/**
 * A record and when it was written.
 *
 * @param at to the millisecond
 */
public record JournalEntry(Instant at, JournalRecord record) {
    public JournalEntry {
        at = Instant.ofEpochMilli(at.toEpochMilli());
        Objects.requireNonNull(record, "record");
    }
}
