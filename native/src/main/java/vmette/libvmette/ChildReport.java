package vmette.libvmette;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import vmette.vmm.GuestText;

/**
 * What a child tells us, one line of text: {@code loaded VERSION}, {@code refused REASON} or {@code ran STATUS CODE}. A guest that has
 * broken out of its VM may have written it.
 */
sealed interface ChildReport {
    /** The longest that is read. */
    int MOST_BYTES = 8 * 1024;

    Pattern RAN = Pattern.compile("ran (0|-?[1-9][0-9]{0,9}) (0|-?[1-9][0-9]{0,9})");

    /** The library is loaded, the config made; the library is about to run it. */
    record Loaded(String version) implements ChildReport {
        public Loaded {
            version = GuestText.printable(version);
        }
    }

    /** There will be no run. */
    record Refused(String reason) implements ChildReport {
        public Refused {
            reason = GuestText.printable(reason);
        }
    }

    /**
     * The library's run has returned.
     *
     * @param status a {@code VmetteStatus}
     * @param exitCode if that is 0, the command's; else 0
     */
    record Ran(int status, int exitCode) implements ChildReport {}

    /** As it is written. */
    default byte[] encode() {
        String line;
        if (this instanceof Loaded loaded) {
            line = "loaded " + loaded.version();
        } else if (this instanceof Refused refused) {
            line = "refused " + refused.reason();
        } else {
            Ran ran = (Ran) this;
            line = "ran " + ran.status() + " " + ran.exitCode();
        }
        return (line + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** As it is read; empty if it is none. */
    static Optional<ChildReport> decode(byte[] bytes) {
        if (bytes.length == 0 || bytes.length > MOST_BYTES || bytes[bytes.length - 1] != '\n') {
            return Optional.empty();
        }
        String line;
        try {
            line = CText.decode(ByteBuffer.wrap(bytes, 0, bytes.length - 1));
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
        if (line.startsWith("loaded ")) {
            return Optional.of(new Loaded(line.substring("loaded ".length())));
        }
        if (line.startsWith("refused ")) {
            return Optional.of(new Refused(line.substring("refused ".length())));
        }
        Matcher ran = RAN.matcher(line);
        if (!ran.matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Ran(Integer.parseInt(ran.group(1)), Integer.parseInt(ran.group(2))));
        } catch (NumberFormatException tooLarge) {
            return Optional.empty();
        }
    }
}
