package vmette.control;

import java.util.List;

/** What one end of a control connection says to the other ({@code docs/control.md}). */
sealed interface ControlFrame {
    /**
     * What is wanted; the client's first and only one.
     *
     * @param words the operation, the VM's name, and what the operation takes
     */
    record Request(List<String> words) implements ControlFrame {
        public Request {
            words = List.copyOf(words);
        }
    }

    /** Content, either way; from a command's server what it writes to its standard output. */
    final class Data implements ControlFrame {
        private final byte[] bytes;

        /** @param bytes not copied */
        Data(byte[] bytes) {
            this.bytes = bytes;
        }

        byte[] bytes() {
            return bytes;
        }
    }

    /** What a command writes to its standard error. */
    final class Errors implements ControlFrame {
        private final byte[] bytes;

        /** @param bytes not copied */
        Errors(byte[] bytes) {
            this.bytes = bytes;
        }

        byte[] bytes() {
            return bytes;
        }
    }

    /**
     * So much more may be sent of a command's stream.
     *
     * @param stream 0 to 2
     * @param bytes 1 to {@link Credit#MOST}
     */
    record Grant(int stream, int bytes) implements ControlFrame {}

    /** The client has sent all. */
    record End() implements ControlFrame {}

    /** What an operation tells, or is told in its course. */
    record Answer(List<String> words) implements ControlFrame {
        public Answer {
            words = List.copyOf(words);
        }
    }

    /** It has succeeded; the server's last. */
    record Succeeded() implements ControlFrame {}

    /**
     * It has failed; the server's last.
     *
     * @param reason an errno's symbol, or a word for what is none
     * @param message for people
     */
    record Failed(String reason, String message) implements ControlFrame {}
}
