package vmette.rootfs.providers.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ImageReferenceTest {
    private static final String HEX = "0123456789abcdef".repeat(4);

    /** A reference in parts, and what it is to mean. */
    record Case(String text, String registry, String repository, String version) {}

    @Example
    void whatIsNotSaidIsAsDockerHasIt() {
        assertMeans("debian", "docker.io", "library/debian", "latest");
        assertMeans("debian:12", "docker.io", "library/debian", "12");
        assertMeans("team/app", "docker.io", "team/app", "latest");
        assertMeans("docker.io/debian", "docker.io", "library/debian", "latest");
        assertMeans("index.docker.io/team/app:v1", "docker.io", "team/app", "v1");
        assertMeans("localhost/app", "localhost", "app", "latest");
        assertMeans("localhost:5000/team/app:v1", "localhost:5000", "team/app", "v1");
        assertMeans("ghcr.io/o/n@sha256:" + HEX, "ghcr.io", "o/n", "sha256:" + HEX);
        assertMeans("ghcr.io/o/n:v1@sha256:" + HEX, "ghcr.io", "o/n", "sha256:" + HEX);
        assertMeans("[::1]:5000/a", "[::1]:5000", "a", "latest");
        assertMeans("Host/a", "Host", "a", "latest");
        assertMeans("a__b/c-d/e.f---g", "docker.io", "a__b/c-d/e.f---g", "latest");
    }

    @Example
    void whatIsNoReferenceIsNone() {
        List<String> none = List.of(
                "",
                " ",
                "Debian",
                "debian:",
                "debian:-x",
                "debian: 12",
                ":12",
                "@sha256:" + HEX,
                "a@sha256:00",
                "a@md5:00",
                "a@sha256:" + HEX + "@sha256:" + HEX,
                "a@sha512:" + HEX,
                "/a",
                "a/",
                "a//b",
                "./a",
                "../a",
                "a/../b",
                "a/..",
                "~/a",
                "a..b",
                "a___b",
                "-a",
                "a-",
                "a%2fb",
                "a?b",
                "a#b",
                "a\nb",
                "a\0",
                "ä",
                "http://a.b/c",
                "squashfs+file:///a",
                "tar+https://a.b/c",
                "a.b:0/c",
                "a.b:65536/c",
                "a.b:x/c",
                "a.b:/c",
                "a..b/c",
                "-a.b/c",
                "user@a.b/c",
                "a.500/c",
                "[::::]/c",
                "[::1/c",
                "[::1]x/c",
                "[a b]:1/c",
                "a:" + "x".repeat(129),
                "a/" + "b".repeat(254));
        assertThat(none)
                .allSatisfy(text -> assertThat(ImageReference.parse(text)).isEmpty());
    }

    @Property
    void aReferenceMeansWhatItsPartsSay(@ForAll("cases") Case given) {
        assertMeans(given.text(), given.registry(), given.repository(), given.version());
    }

    @Property
    void anyTextIsNoneOrMeansOneThing(@ForAll("texts") String text) {
        Optional<ImageReference> reference = ImageReference.parse(text);
        reference.ifPresent(given -> {
            assertThat(ImageReference.parse(given.toString())).contains(given);
            assertThat(given.repository()).doesNotContain("..", "//", "%");
        });
    }

    private static void assertMeans(String text, String registry, String repository, String version) {
        assertThat(ImageReference.parse(text)).hasValueSatisfying(reference -> assertThat(
                        List.of(reference.registry(), reference.repository(), reference.version()))
                .containsExactly(registry, repository, version));
    }

    @Provide
    Arbitrary<Case> cases() {
        Arbitrary<String> label = word("abcxyz019", 1, 8);
        Arbitrary<String> registry = Combinators.combine(
                        label, label.map("d"::concat), Arbitraries.of("", ":1", ":5000", ":65535"))
                .as((a, b, port) -> a + "." + b + port);
        Arbitrary<String> component = Combinators.combine(label, Arbitraries.of(".", "_", "__", "-", "--"), label)
                .as((a, separator, b) -> a + separator + b);
        Arbitrary<String> repository =
                component.list().ofMinSize(1).ofMaxSize(4).map(components -> String.join("/", components));
        Arbitrary<String> tag = Combinators.combine(word("aZ09_", 1, 1), word("aZ09_.-", 0, 127))
                .as(String::concat);
        Arbitrary<String> digest = word("0123456789abcdef", 64, 64).map("sha256:"::concat);
        Arbitrary<String> version = Arbitraries.oneOf(
                Arbitraries.just(""),
                tag.map(":"::concat),
                digest.map("@"::concat),
                Combinators.combine(tag, digest).as((t, d) -> ":" + t + "@" + d));
        return Combinators.combine(registry, repository, version)
                .as((host, path, end) -> new Case(host + "/" + path + end, host, path, meaning(end)));
    }

    private static String meaning(String end) {
        int at = end.indexOf('@');
        if (at >= 0) {
            return end.substring(at + 1);
        }
        return end.isEmpty() ? "latest" : end.substring(1);
    }

    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.oneOf(
                word("aA0./:@-_[]", 0, 30), Arbitraries.strings().ofMaxLength(40));
    }

    private static Arbitrary<String> word(String characters, int least, int most) {
        return Arbitraries.strings()
                .withChars(characters.toCharArray())
                .ofMinLength(least)
                .ofMaxLength(most);
    }
}
