package vmette.config;

/**
 * {@code vmette.events}: what programs are told of VMs.
 *
 * @param buffer events that may wait for one subscriber, 1 to 65536
 */
public record EventsSettings(int buffer) {
    private static final int LARGEST_BUFFER = 65_536;

    /** Checks what is given. */
    public EventsSettings {
        Checks.range("events.buffer", buffer, 1, LARGEST_BUFFER);
    }

    static EventsSettings from(Section section) {
        return new EventsSettings(section.integer("buffer", 1, LARGEST_BUFFER));
    }
}
