package vmette.control;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What operations cost, and thus how many of each go at a time: those that last keep out none of another kind. */
enum Kind {
    /** Each has a thread of ours and, while it copies, one of Akka's for blocking work, of which there are 16. */
    COPY(12, "copies", "stat", "read", "read-tree", "write", "write-tree"),
    /** Two threads each. */
    COMMAND(32, "commands", "exec"),
    /** They last as long as their clients want, and wait most of the time. */
    FOLLOWER(32, "readers of logs and events", "logs", "events"),
    /** They may take as long as a VM takes to boot or to end. */
    ORDER(32, "orders", "stop", "restart", "apply", "down"),
    /** Answered at once. */
    QUESTION(16, "questions", "ps");

    private static final Map<String, Kind> BY_OPERATION = Arrays.stream(values())
            .flatMap(kind -> kind.operations.stream().map(operation -> Map.entry(operation, kind)))
            .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));

    /** At a time. */
    final int limit;

    final String plural;
    private final List<String> operations;

    Kind(int limit, String plural, String... operations) {
        this.limit = limit;
        this.plural = plural;
        this.operations = List.of(operations);
    }

    /** The kind of an operation; what is not known is a question, which is answered with that. */
    static Kind of(String operation) {
        return BY_OPERATION.getOrDefault(operation, QUESTION);
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
