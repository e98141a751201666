package vmette.recovery;

import java.util.Optional;

/**
 * What an incarnation begins from.
 *
 * @param rung of the ladder
 * @param snapshot restored; empty for a cold boot and no other
 */
public record Origin(Rung rung, Optional<Snapshot> snapshot) {
    /** A boot. */
    public static final Origin BOOT = new Origin(Rung.COLD, Optional.empty());

    /** Checks what is given. */
    public Origin {
        if (snapshot.isEmpty() != (rung == Rung.COLD)) {
            throw new IllegalArgumentException(rung + " from " + snapshot);
        }
    }

    /** In a few words. */
    public String text() {
        return switch (rung) {
            case COLD -> "booted";
            case LAST_GOOD -> "restored from the snapshot " + id();
            case GOLDEN -> "restored from the golden snapshot " + id();
        };
    }

    private String id() {
        return snapshot.map(Snapshot::id).orElse("");
    }
}
