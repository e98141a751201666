package vmette.journal;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/** What a journal says. Texts for people are cut at {@value #MAX_TEXT} characters; an identity that is too long is refused. */
public sealed interface JournalRecord {
    /** Of a text for people, in characters. */
    int MAX_TEXT = 500;

    /** Of marks, boots and paths, in characters: PATH_MAX of limits.h. */
    int MAX_IDENTITY = 4096;

    /**
     * The journal's owner.
     *
     * @param boot in which its pid means something: boot id and pid namespace
     * @param startTicks when it started, as {@code ProcessIdentity} has it
     * @param directory the runtime's
     */
    record Began(String boot, long pid, long startTicks, String directory) implements JournalRecord {
        public Began {
            identity(boot);
            identity(directory);
        }
    }

    /**
     * A child is about to be spawned.
     *
     * @param mark random; in the child's environment and in that of its descendants
     * @param boot as of {@link Began}
     * @param what for people, as {@code passt for VM web}
     * @param vm whose it is, or empty
     * @param directory private to the incarnation it works for, or empty
     * @param program its path
     */
    record Intent(String mark, String boot, String what, String vm, String directory, String program)
            implements JournalRecord {
        public Intent {
            identity(mark);
            identity(boot);
            what = text(what);
            vm = text(vm);
            directory = text(directory);
            program = text(program);
        }
    }

    /** The child of that mark is there. */
    record Spawned(String mark, String boot, long pid, long startTicks) implements JournalRecord {
        public Spawned {
            identity(mark);
            identity(boot);
        }
    }

    /** It is not any more, or never was: then the status is -1. */
    record Ended(String mark, long status) implements JournalRecord {
        public Ended {
            identity(mark);
        }
    }

    /** A file outside the runtime's directory is about to be made. Its name is used once: it holds something random. */
    record FileMade(String path) implements JournalRecord {
        public FileMade {
            identity(path);
        }
    }

    /** It has been removed. */
    record FileGone(String path) implements JournalRecord {
        public FileGone {
            identity(path);
        }
    }

    /**
     * Something happened to a VM; for whoever explains it later.
     *
     * @param detail its cause, or empty
     */
    record VmEvent(String vm, long incarnation, VmEventKind kind, String detail) implements JournalRecord {
        static final String WORD = "vm";

        public VmEvent {
            vm = text(vm);
            Objects.requireNonNull(kind, "kind");
            detail = text(detail);
        }
    }

    private static void identity(String given) {
        if (given.isEmpty() || given.length() > MAX_IDENTITY || !given.equals(encodable(given))) {
            throw new IllegalArgumentException("empty, too long or no text: " + text(given));
        }
    }

    private static String text(String given) {
        return encodable(given.substring(0, Math.min(given.length(), MAX_TEXT)));
    }

    private static String encodable(String given) {
        return new String(given.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    /** The word in a line, and what follows it. */
    default List<String> words() {
        if (this instanceof Began r) {
            return List.of("began", r.boot, Long.toString(r.pid), Long.toString(r.startTicks), r.directory);
        } else if (this instanceof Intent r) {
            return List.of("intent", r.mark, r.boot, r.what, r.vm, r.directory, r.program);
        } else if (this instanceof Spawned r) {
            return List.of("spawned", r.mark, r.boot, Long.toString(r.pid), Long.toString(r.startTicks));
        } else if (this instanceof Ended r) {
            return List.of("ended", r.mark, Long.toString(r.status));
        } else if (this instanceof FileMade r) {
            return List.of("file", r.path);
        } else if (this instanceof FileGone r) {
            return List.of("file-gone", r.path);
        } else if (this instanceof VmEvent r) {
            return List.of(VmEvent.WORD, r.vm, Long.toString(r.incarnation), r.kind.name(), r.detail);
        }
        throw new AssertionError(this);
    }

    /**
     * The record of these words.
     *
     * @throws IllegalArgumentException if they are none's
     */
    static JournalRecord of(List<String> words) {
        try {
            return switch (words.get(0)) {
                case "began" -> new Began(words.get(1), number(words, 2), number(words, 3), words.get(4));
                case "intent" ->
                    new Intent(words.get(1), words.get(2), words.get(3), words.get(4), words.get(5), words.get(6));
                case "spawned" -> new Spawned(words.get(1), words.get(2), number(words, 3), number(words, 4));
                case "ended" -> new Ended(words.get(1), number(words, 2));
                case "file" -> new FileMade(words.get(1));
                case "file-gone" -> new FileGone(words.get(1));
                case VmEvent.WORD ->
                    new VmEvent(words.get(1), number(words, 2), VmEventKind.valueOf(words.get(3)), words.get(4));
                default -> throw new IllegalArgumentException("no record: " + words.get(0));
            };
        } catch (IndexOutOfBoundsException tooFew) {
            throw new IllegalArgumentException("too few words: " + words.size(), tooFew);
        }
    }

    private static long number(List<String> words, int index) {
        return Long.parseLong(words.get(index));
    }
}
