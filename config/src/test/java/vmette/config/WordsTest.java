package vmette.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class WordsTest {
    @Example
    void theNearestIsLikeTheWordFromItsBeginning() {
        List<String> options = List.of("--kernel", "--mem-mib", "--modules", "--env");
        assertThat(Words.nearest("--memory", options)).contains("--mem-mib");
        assertThat(Words.nearest("--evn", options)).contains("--env");
        assertThat(Words.nearest("--module", options)).contains("--modules");
        assertThat(Words.nearest("--x", List.of())).isEmpty();
    }

    @Property
    void aKnownWordIsNearestToItself(@ForAll List<String> words, @ForAll String word) {
        assertThat(Words.distance(word, word)).isZero();
        List<String> known = new java.util.ArrayList<>(words);
        known.add(word);
        assertThat(Words.nearest(word, known)).contains(word);
    }

    @Property
    void distanceIsTheSameBothWays(@ForAll String a, @ForAll String b) {
        assertThat(Words.distance(a, b)).isEqualTo(Words.distance(b, a)).isBetween(0, Math.max(a.length(), b.length()));
    }
}
