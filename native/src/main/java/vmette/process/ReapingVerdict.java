package vmette.process;

import vmette.journal.OwnedChild;

/** Whether a process is one that a dead runtime has left. Decided from what was seen, by nothing else. */
enum ReapingVerdict {
    /** It has the very mark: the child, or a descendant of it. */
    MARKED(true),
    /** It has the pid and the start time of the child; its environment does not tell, or cannot be read. */
    IDENTIFIED(true),
    /** The host, or the container, has been started again: no process is left, and a pid means somebody else. */
    OTHER_BOOT(false),
    /** It is dead already. */
    ENDED(false),
    /** It has the child's pid, which was given away again. */
    RECYCLED(false),
    /** It is some other's child: another mark is in its environment. */
    OTHERS(false),
    /** It has nothing to do with the child. */
    STRANGER(false);

    private final boolean ours;

    ReapingVerdict(boolean ours) {
        this.ours = ours;
    }

    /** Whether it may be killed. */
    boolean isOurs() {
        return ours;
    }

    /**
     * Decides.
     *
     * @param boot the present one
     */
    static ReapingVerdict of(OwnedChild child, String boot, SeenProcess seen) {
        if (!child.boot().equals(boot)) {
            return OTHER_BOOT;
        }
        if (seen.ended()) {
            return ENDED;
        }
        if (seen.mark().isPresent()) {
            return seen.mark().get().equals(child.mark()) ? MARKED : OTHERS;
        }
        return child.spawned()
                .filter(spawned -> spawned.pid() == seen.identity().pid())
                .map(spawned -> spawned.startTicks() == seen.identity().startTicks() ? IDENTIFIED : RECYCLED)
                .orElse(STRANGER);
    }
}
