package vmette.config.fleet;

import java.util.Locale;

/** What the failure of one child means for its siblings, as in Erlang/OTP's supervisors. */
public enum Strategy {
    /** Nothing: the child alone is recovered. */
    ONE_FOR_ONE,
    /** All of them are restarted. */
    ONE_FOR_ALL,
    /** Those that come after it are restarted. */
    REST_FOR_ONE;

    /** As a file has it, such as {@code one-for-one}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
