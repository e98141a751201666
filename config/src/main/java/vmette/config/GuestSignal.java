package vmette.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import vmette.errors.InvalidConfigException;

/**
 * A signal of the guest's, told by its name or its number.
 *
 * <p>The names are those of signal(7) for x86-64 and aarch64. The real-time signals are named as glibc and most shells have it: RTMIN is 34,
 * RTMAX is 64; 32 and 33, which C libraries keep to themselves, have no name.
 *
 * @param number 1 to 64
 */
public record GuestSignal(int number) {
    private static final int MOST = 64;
    private static final int RTMIN = 34;
    /** From here on names count down from RTMAX. */
    private static final int NEARER_RTMAX = 50;
    /** Of what is no signal, in a message. */
    private static final int SHOWN = 20;

    /** By number, from 1; {@code include/uapi/asm-generic/signal.h}. */
    private static final List<String> NAMES = List.of(
            "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
            "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
            "WINCH", "IO", "PWR", "SYS");

    /** Hangup. */
    public static final GuestSignal HUP = of("HUP");
    /** What a terminal's Ctrl-C sends. */
    public static final GuestSignal INT = of("INT");
    /** What a terminal's Ctrl-\ sends. */
    public static final GuestSignal QUIT = of("QUIT");
    /** The end, which no program can refuse. */
    public static final GuestSignal KILL = of("KILL");
    /** The polite end. */
    public static final GuestSignal TERM = of("TERM");

    /** Refuses what is no signal. */
    public GuestSignal {
        if (number < 1 || number > MOST) {
            throw new InvalidConfigException("there is no signal " + number + ": signals are 1 to " + MOST);
        }
    }

    /**
     * The signal of this name or number.
     *
     * @param text such as TERM, SIGTERM, sigterm, RTMIN+3, RTMAX-1 or 15
     * @throws InvalidConfigException for any other text; it names the nearest signal
     */
    public static GuestSignal of(String text) {
        String asked = Objects.requireNonNull(text, "text").strip().toUpperCase(Locale.ROOT);
        if (asked.matches("[0-9]{1,9}")) {
            return new GuestSignal(Integer.parseInt(asked));
        }
        String name = asked.startsWith("SIG") ? asked.substring(3) : asked;
        int number =
                switch (name) {
                    case "IOT" -> 6;
                    case "CLD" -> 17;
                    case "POLL" -> 29;
                    default -> NAMES.indexOf(name) + 1;
                };
        if (number == 0) {
            number = realTime(name);
        }
        if (number == 0) {
            throw new InvalidConfigException("'" + shown(text) + "' is not a signal; the nearest one is "
                    + nearest(shown(name)) + " (names as in signal(7), RTMIN+N, RTMAX-N, or 1 to " + MOST + ")");
        }
        return new GuestSignal(number);
    }

    /** 0 if it is none. */
    private static int realTime(String name) {
        if (!name.matches("RTM(IN(\\+[0-9]{1,2})?|AX(-[0-9]{1,2})?)")) {
            return 0;
        }
        boolean up = name.startsWith("RTMIN");
        int distance = name.length() == 5 ? 0 : Integer.parseInt(name.substring(6));
        if (distance > MOST - RTMIN) {
            return 0;
        }
        return up ? RTMIN + distance : MOST - distance;
    }

    private static String shown(String text) {
        String cut = text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
        return cut.replaceAll("[^ -~]", "?");
    }

    private static String nearest(String name) {
        List<String> names = new ArrayList<>(NAMES);
        names.add("RTMIN");
        names.add("RTMAX");
        return names.stream()
                .min((a, b) -> Integer.compare(Words.distance(a, name), Words.distance(b, name)))
                .orElseThrow();
    }

    /** Without SIG, as {@code kill -l} has it; the number where there is no name. */
    public String name() {
        if (number <= NAMES.size()) {
            return NAMES.get(number - 1);
        }
        if (number < RTMIN) {
            return Integer.toString(number);
        }
        if (number == RTMIN || number == MOST) {
            return number == RTMIN ? "RTMIN" : "RTMAX";
        }
        return number < NEARER_RTMAX ? "RTMIN+" + (number - RTMIN) : "RTMAX-" + (MOST - number);
    }

    /** As in {@code 15 (TERM)}. */
    @Override
    public String toString() {
        return name().equals(Integer.toString(number)) ? name() : number + " (" + name() + ")";
    }
}
