package vmette.rootfs.providers.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AuthChallengeTest {
    @Test
    void parametersComeInAnyOrderQuotedOrNot() {
        assertThat(AuthChallenge.parse("Bearer service=s , REALM = \"https://a/b?c=d,e\",scope=\"x \\\"y\\\\\""))
                .containsExactly(new AuthChallenge(
                        "bearer", Map.of("service", "s", "realm", "https://a/b?c=d,e", "scope", "x \"y\\")));
    }

    @Test
    void aHeaderMayHoldSeveralChallenges() {
        assertThat(AuthChallenge.parse("Negotiate, Basic realm=\"a\", Bearer realm=b"))
                .containsExactly(
                        new AuthChallenge("negotiate", Map.of()),
                        new AuthChallenge("basic", Map.of("realm", "a")),
                        new AuthChallenge("bearer", Map.of("realm", "b")));
    }

    @Test
    void whatMakesNoSenseEndsIt() {
        for (String header : List.of("", ",", "=", "\"", "a=b", "x".repeat(9000))) {
            assertThat(AuthChallenge.parse(header)).isEmpty();
        }
        assertThat(AuthChallenge.parse("Basic realm=\"never ends\\"))
                .containsExactly(new AuthChallenge("basic", Map.of("realm", "never ends")));
    }
}
