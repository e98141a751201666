package vmette.config;

import com.typesafe.config.ConfigOrigin;

/** Where values of a configuration stand. */
public final class Origins {
    /** The place of what nobody has set. */
    public static final String DEFAULT = "default";

    private Origins() {}

    /** {@code FILE:LINE}, or what the library calls a place that is no file. */
    public static String where(ConfigOrigin origin) {
        String place = origin.filename() != null ? origin.filename() : origin.description();
        return origin.lineNumber() > 0 && origin.filename() != null ? place + ":" + origin.lineNumber() : place;
    }
}
