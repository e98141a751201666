package vmette.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class GuestTextTest {
    @Example
    void whatMovesACursorEndsALineOrTurnsWritingAroundIsEscaped() {
        assertThat(GuestText.printable("a\u001b[2J\nb\u202ec\u009b1m")).isEqualTo("a\\x1b[2J\\x0ab\\u{202e}c\\x9b1m");
    }

    @Example
    void aTextOfJustTheBoundIsWholeAndALongerOneIsCut() {
        assertThat(GuestText.printable("x".repeat(GuestText.MAX_CHARS))).doesNotEndWith("...");
        assertThat(GuestText.printable("x".repeat(1 << 20))).isEqualTo("x".repeat(GuestText.MAX_CHARS) + "...");
    }

    @Property
    void anyTextBecomesOneShortPrintableLine(@ForAll String text) {
        String shown = GuestText.printable(text);
        assertThat(shown).hasSizeLessThanOrEqualTo(GuestText.MAX_CHARS + 3);
        assertThat(shown.codePoints().filter(c -> Character.isISOControl(c) && c != '\t'))
                .isEmpty();
    }
}
