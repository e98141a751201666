package vmette.control;

import vmette.errors.InvalidConfigException;

/** How deep a JSON text goes, looked at before it is read: a reader that follows it down has a stack of bounded size. */
final class Nesting {
    /** Configurations of fleets have about ten. */
    static final int MOST = 64;

    private Nesting() {}

    /** @throws InvalidConfigException for a text that goes deeper than {@value #MOST} */
    static void check(String json) {
        int depth = 0;
        boolean quoted = false;
        for (int at = 0; at < json.length(); at++) {
            char c = json.charAt(at);
            if (c == '"') {
                quoted = !quoted;
            } else if (quoted && c == '\\') {
                at++;
            } else if (!quoted && (c == '{' || c == '[')) {
                depth++;
            } else if (!quoted && (c == '}' || c == ']')) {
                depth--;
            }
            if (depth > MOST) {
                throw new InvalidConfigException("a configuration with sections in sections more than " + MOST
                        + " deep is refused: nothing was changed");
            }
        }
    }
}
