package vmette.machine;

import java.util.Optional;
import vmette.recovery.Snapshot;

/**
 * What a look at the golden snapshot of a template has shown. Neither: there is none.
 *
 * @param usable it can be restored here, by what it says of itself
 * @param foreign it cannot
 */
public record GoldenLook(Optional<Snapshot> usable, Optional<Foreign> foreign) {
    /** There is none. */
    public static final GoldenLook NONE = new GoldenLook(Optional.empty(), Optional.empty());

    /**
     * One that can never be restored here, since another build has left it, or it is no whole one.
     *
     * @param snapshot its id
     * @param why in one line: "the version of qemu was 7.2.9 and is 10.0.2"
     * @param stays why it is there still, as it is while somebody uses it; empty: it was removed
     */
    public record Foreign(String snapshot, String why, Optional<String> stays) {
        /** In one line. */
        public String text() {
            return "the golden snapshot " + snapshot + " is not of use here: " + why
                    + stays.map(reason -> "; it stays: " + reason).orElse("; it was removed, and a new one is taken");
        }
    }

    static GoldenLook of(Snapshot usable) {
        return new GoldenLook(Optional.of(usable), Optional.empty());
    }

    static GoldenLook of(Foreign foreign) {
        return new GoldenLook(Optional.empty(), Optional.of(foreign));
    }
}
