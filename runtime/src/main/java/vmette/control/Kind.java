package vmette.control;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What operations cost, and thus how many of each go at a time: those that last keep out none of another kind. */
enum Kind {
    /** Each has a thread of ours and, while it copies, one of Akka's for blocking work, of which there are 16. */
    COPY(12, "copies"),
    /** Two threads each. */
    COMMAND(32, "commands"),
    /** Commands in VMs of pools, those that wait for a VM included; two threads each. */
    LOAN(64, "runs in VMs of pools"),
    /** They last as long as their clients want, and wait most of the time. */
    FOLLOWER(32, "readers of logs and events"),
    /** They may take as long as a VM takes to boot, which may be for ever. */
    ORDER(32, "orders"),
    /** They take as long as VMs take to end. */
    STOP(32, "stops"),
    /** Answered at once. */
    QUESTION(16, "questions");

    /** At a time. */
    final int limit;

    final String plural;

    Kind(int limit, String plural) {
        this.limit = limit;
        this.plural = plural;
    }

    /** The kind of an operation; what is not known is a question, which is answered with that. */
    static Kind of(String operation) {
        return switch (operation) {
            case "stat", "read", "read-tree", "write", "write-tree" -> COPY;
            case "exec" -> COMMAND;
            case "run" -> LOAN;
            case "logs", "events" -> FOLLOWER;
            case "restart", "apply" -> ORDER;
            case "stop", "down" -> STOP;
            default -> QUESTION;
        };
    }

    /** All together. */
    static int all() {
        return Arrays.stream(values()).mapToInt(kind -> kind.limit).sum();
    }

    /** A table with something for each. */
    static <T> Map<Kind, T> table(Function<Kind, T> value) {
        return Arrays.stream(values()).collect(Collectors.toMap(kind -> kind, value));
    }
}
