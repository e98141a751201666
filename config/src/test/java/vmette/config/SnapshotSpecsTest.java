package vmette.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import vmette.errors.InvalidConfigException;
import vmette.errors.Status;

class SnapshotSpecsTest {
    private static SortedMap<String, String> identity(VmSpecBuilder spec) {
        return SnapshotSpecs.identity(spec.build());
    }

    @Example
    void whatIsByDefaultIsLeftOutButForThePort() {
        assertThat(identity(VmSpec.builder())).isEqualTo(Map.of("guest-vsock-port", "1025"));
    }

    @Example
    void whatTheGuestKeepsIsRemembered() {
        assertThat(identity(VmSpec.builder()
                        .guestVsockPort(7)
                        .rootfs("debian:12")
                        .rootfsReadOnly(true)
                        .switchRoot(true)
                        .scratchMib(64)
                        .caCerts(Path.of("/etc/ssl/company"))))
                .isEqualTo(Map.of(
                        "guest-vsock-port", "7",
                        "rootfs", "debian:12",
                        "rootfs-read-only", "true",
                        "switch-root", "true",
                        "scratch", "64MiB",
                        "ca-certs", "/etc/ssl/company"));
    }

    @Example
    void whatIsGivenAnewAndWhatIsTheHostsIsNot() {
        VmSpecBuilder spec = VmSpec.builder()
                .name("a")
                .exec("true")
                .env("TOKEN", "hunter2")
                .timeout(Duration.ofSeconds(1))
                .vsockPort(7)
                .publish(0, 80)
                .health(HealthCheck.port(80))
                .buildSnapshot(Path.of("/snap"))
                .warmUp("true")
                .saveable(true);
        assertThat(identity(spec)).isEqualTo(identity(VmSpec.builder()));
    }

    @Example
    void credentialsAreLeftOut() {
        assertThat(identity(VmSpec.builder().rootfs("tar+https://me:hunter2@host/root.tar")))
                .containsEntry("rootfs", "tar+https://host/root.tar");
        assertThat(identity(VmSpec.builder().rootfs("oci://host/team/image@sha256:0")))
                .containsEntry("rootfs", "oci://host/team/image@sha256:0");
    }

    @Property(tries = 300)
    void anyTextCanBeWrittenAndShown(@ForAll @StringLength(min = 1, max = 5000) String root) {
        if (root.isBlank() || root.indexOf('\0') >= 0) {
            return;
        }
        String text = identity(VmSpec.builder().rootfs(root)).get("rootfs");
        assertThat(text.length()).isBetween(1, 4096);
        assertThat(text.codePoints())
                .noneMatch(c -> Character.isISOControl(c)
                        || Character.getType(c) == Character.SURROGATE
                        || Character.getType(c) == Character.FORMAT
                        || Character.getType(c) == Character.LINE_SEPARATOR
                        || Character.getType(c) == Character.PARAGRAPH_SEPARATOR);
    }

    @Example
    void longTextsThatBeginAlikeAreNotTakenForOne() {
        String begin = "/" + "\ud83d\ude00".repeat(3000);
        String one = identity(VmSpec.builder().rootfs(begin + "a")).get("rootfs");
        String two = identity(VmSpec.builder().rootfs(begin + "b")).get("rootfs");
        assertThat(one).isNotEqualTo(two).hasSizeLessThanOrEqualTo(4096);
        assertThat(one.codePoints()).noneMatch(c -> Character.getType(c) == Character.SURROGATE);
    }

    @Example
    void anotherPortIsRefusedByItsTwoNumbers() {
        VmSpec built = VmSpec.builder().guestVsockPort(2000).build();
        Map<String, String> recorded = SnapshotSpecs.identity(built);
        assertThatCode(() -> SnapshotSpecs.requireSamePort(recorded, built)).doesNotThrowAnyException();
        assertThatThrownBy(() -> SnapshotSpecs.requireSamePort(
                        recorded, VmSpec.builder().guestVsockPort(2001).build()))
                .isInstanceOfSatisfying(InvalidConfigException.class, e -> assertThat(e.status())
                        .isEqualTo(Status.INVALID_CONFIG))
                .hasMessageStartingWith("guest-vsock-port = 2001 is refused: the snapshot was built with 2000");
        // One that was written before ports were.
        assertThatCode(() -> SnapshotSpecs.requireSamePort(Map.of(), built)).doesNotThrowAnyException();
    }
}
