package vmette.rootfs.providers.oci;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How a registry wants to be told who asks: a challenge of a {@code WWW-Authenticate} header, RFC 9110 section 11.6.1.
 *
 * @param scheme in lower case, such as {@code basic} or {@code bearer}
 * @param parameters names in lower case
 */
record AuthChallenge(String scheme, Map<String, String> parameters) {
    private static final int MAX_HEADER = 8 << 10;
    private static final String SEPARATORS = "()<>@,;:\\\"/[]?={} \t";

    AuthChallenge {
        parameters = Map.copyOf(parameters);
    }

    /** The challenges of such a header, in order; what makes no sense ends it. */
    static List<AuthChallenge> parse(String header) {
        List<AuthChallenge> challenges = new ArrayList<>();
        if (header.length() > MAX_HEADER) {
            return challenges;
        }
        Scanner in = new Scanner(header);
        String scheme = "";
        Map<String, String> parameters = new LinkedHashMap<>();
        while (in.skip(" \t,")) {
            String word = in.token();
            if (word.isEmpty()) {
                break;
            }
            in.skip(" \t");
            if (in.take('=')) {
                in.skip(" \t");
                parameters.put(word.toLowerCase(Locale.ROOT), in.value());
            } else {
                if (!scheme.isEmpty()) {
                    challenges.add(new AuthChallenge(scheme, parameters));
                }
                scheme = word.toLowerCase(Locale.ROOT);
                parameters = new LinkedHashMap<>();
            }
        }
        if (!scheme.isEmpty()) {
            challenges.add(new AuthChallenge(scheme, parameters));
        }
        return challenges;
    }

    /** The value of a parameter; empty where there is none. */
    String parameter(String name) {
        return parameters.getOrDefault(name, "");
    }

    private static final class Scanner {
        private final String text;
        private int at;

        Scanner(String text) {
            this.text = text;
        }

        /** Whether anything is left after these characters. */
        boolean skip(String characters) {
            while (at < text.length() && characters.indexOf(text.charAt(at)) >= 0) {
                at++;
            }
            return at < text.length();
        }

        boolean take(char expected) {
            boolean there = at < text.length() && text.charAt(at) == expected;
            at += there ? 1 : 0;
            return there;
        }

        String token() {
            int start = at;
            while (at < text.length() && text.charAt(at) > ' ' && SEPARATORS.indexOf(text.charAt(at)) < 0) {
                at++;
            }
            return text.substring(start, at);
        }

        String value() {
            if (!take('"')) {
                return token();
            }
            StringBuilder value = new StringBuilder();
            while (at < text.length() && !take('"')) {
                if (take('\\') && at == text.length()) {
                    break;
                }
                value.append(text.charAt(at++));
            }
            return value.toString();
        }
    }
}
