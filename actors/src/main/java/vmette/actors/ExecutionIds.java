package vmette.actors;

/** Whose command or connection into the guest it is, by its id: the ids below {@link #HEALTH} are those of what is asked for from outside. */
final class ExecutionIds {
    /** The first of health checks. */
    static final long HEALTH = 1L << 62;

    /** The first of services, above those. */
    static final long SERVICES = HEALTH + (1L << 61);

    private ExecutionIds() {}

    static boolean isOfOthers(long id) {
        return id < HEALTH;
    }

    static boolean isOfHealth(long id) {
        return id >= HEALTH && id < SERVICES;
    }

    static boolean isOfService(long id) {
        return id >= SERVICES;
    }
}
