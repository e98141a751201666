package vmette.guest.protocol;

import vmette.errors.InvalidConfigException;

/**
 * What an EXEC says about one stream.
 *
 * @param mode where the stream goes
 * @param token what the data connection has to show; {@link Token#ZERO} unless the mode is {@link StreamMode#CONNECTION}
 */
public record StreamSetup(StreamMode mode, Token token) {
    private static final StreamSetup NONE = new StreamSetup(StreamMode.NONE, Token.ZERO);
    private static final StreamSetup REPLAY = new StreamSetup(StreamMode.REPLAY, Token.ZERO);

    public StreamSetup {
        if ((mode != StreamMode.CONNECTION) != token.equals(Token.ZERO)) {
            throw new InvalidConfigException(
                    mode != StreamMode.CONNECTION
                            ? "a stream without a connection takes no token"
                            : "a stream that goes to a connection needs a random token, not zeros");
        }
    }

    /** A stream that goes nowhere. */
    public static StreamSetup none() {
        return NONE;
    }

    /** An output that goes into a replay ring. */
    public static StreamSetup replay() {
        return REPLAY;
    }

    /** A stream for the data connection that shows {@code token}. */
    public static StreamSetup connection(Token token) {
        return new StreamSetup(StreamMode.CONNECTION, token);
    }
}
