package vmette.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Locale;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import vmette.errors.InvalidConfigException;

class GuestSignalTest {
    private static void is(int number, String... texts) {
        for (String text : texts) {
            assertThat(GuestSignal.of(text).number()).as(text).isEqualTo(number);
        }
    }

    private static void isRefused(String text, String... parts) {
        assertThatThrownBy(() -> GuestSignal.of(text))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContainingAll(parts);
    }

    @Example
    void namesAndNumbers() {
        is(1, "HUP", "SIGHUP", "1");
        is(9, "KILL", "sigkill", " 9 ");
        is(15, "TERM", "SigTerm", "015");
        is(6, "ABRT", "IOT");
        is(17, "CHLD", "SIGCLD");
        is(29, "IO", "POLL");
        is(31, "SYS");
        is(32, "32");
        is(34, "RTMIN", "SIGRTMIN", "RTMIN+0", "RTMAX-30");
        is(37, "RTMIN+3", "sigrtmin+3");
        is(63, "RTMAX-1", "RTMIN+29");
        is(64, "RTMAX", "64");
    }

    @Example
    void whatIsNoSignalIsRefusedWithTheNearest() {
        isRefused("TERN", "'TERN' is not a signal; the nearest one is TERM");
        isRefused("SIGKILLL", "the nearest one is KILL");
        isRefused("SIGWINHC", "the nearest one is WINCH");
        isRefused("RTMIN+31", "the nearest one is RTMIN");
        isRefused("", "''", "signal(7)");
        isRefused("SIG", "is not a signal");
        isRefused("a\u0007\u00e9", "'a??'");
        isRefused("0", "no signal 0");
        isRefused("65", "no signal 65: signals are 1 to 64");
        isRefused("-9", "'-9'");
        isRefused("9999999999999999999", "'9999999999999999999'");
        isRefused("X".repeat(1 << 20), "'" + "X".repeat(20) + "...'");
    }

    @Example
    void theyAreShownByNumberAndName() {
        assertThat(GuestSignal.TERM).hasToString("15 (TERM)");
        assertThat(new GuestSignal(33)).hasToString("33");
        assertThat(new GuestSignal(49)).hasToString("49 (RTMIN+15)");
        assertThat(new GuestSignal(50)).hasToString("50 (RTMAX-14)");
    }

    @Property
    void aNameComesBackAsItsNumber(@ForAll @IntRange(min = 1, max = 64) int number) {
        GuestSignal signal = new GuestSignal(number);
        assertThat(GuestSignal.of(signal.name())).isEqualTo(signal);
        if (!signal.name().equals(Integer.toString(number))) {
            assertThat(GuestSignal.of("sig" + signal.name().toLowerCase(Locale.ROOT)))
                    .isEqualTo(signal);
        }
    }

    @Property
    void anyTextIsASignalOrRefused(@ForAll String text) {
        try {
            assertThat(GuestSignal.of(text).number()).isBetween(1, 64);
        } catch (InvalidConfigException refused) {
            assertThat(refused.getMessage()).hasSizeLessThan(200);
        }
    }
}
