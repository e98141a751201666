package vmette.capi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import vmette.config.Share;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;

class RequestTest {
    private static final VmSpec DEFAULTS = VmSpec.builder().build();

    private static byte[] bytes(String... fields) {
        return (String.join("\0", fields) + "\0").getBytes(StandardCharsets.UTF_8);
    }

    private static VmSpec spec(String... fields) {
        return Request.decode(bytes(fields)).spec(DEFAULTS);
    }

    @Example
    void everyEntryIsOfTheSpecification() {
        VmSpec spec = spec(
                "kernel",
                "/k",
                "",
                "initramfs",
                "/i",
                "",
                "cmdline",
                "quiet",
                "",
                "rootfs",
                "/r",
                "",
                "rootfs-read-only",
                "1",
                "",
                "share",
                "/s",
                "tag",
                "env",
                "v=1",
                "KEY",
                "env",
                "last",
                "KEY",
                "disk",
                "/d1",
                "",
                "disk",
                "/d2",
                "",
                "exec",
                "true",
                "",
                "net",
                "1",
                "",
                "switch-root",
                "1",
                "",
                "vsock-port",
                "-5",
                "",
                "timeout",
                "7",
                "",
                "vcpus",
                "2",
                "",
                "memory",
                "64",
                "",
                "scratch",
                "16",
                "");
        assertThat(spec)
                .isEqualTo(VmSpec.builder()
                        .kernel(Path.of("/k"))
                        .initramfs(Path.of("/i"))
                        .cmdline("quiet")
                        .rootfs(Path.of("/r"))
                        .rootfsReadOnly(true)
                        .share(new Share("tag", Path.of("/s"), false))
                        .env("KEY", "last")
                        .disk(Path.of("/d1"))
                        .disk(Path.of("/d2"))
                        .exec("true")
                        .net(true)
                        .switchRoot(true)
                        .vsockPort(-5)
                        .timeout(Duration.ofSeconds(7))
                        .vcpus(2)
                        .memoryMib(64)
                        .scratchMib(16)
                        .build());
        assertThat(spec("build-snapshot", "/b", "", "guest-vsock-port", "9", "").snapshots())
                .isEqualTo(VmSpec.builder()
                        .buildSnapshot(Path.of("/b"))
                        .guestVsockPort(9)
                        .build()
                        .snapshots());
        assertThat(spec("resume-snapshot", "/b", "").snapshots().resume()).contains(Path.of("/b"));
    }

    @Example
    void emptyBootFilesAreOurs() {
        assertThat(spec("kernel", "", "", "initramfs", "", "")).isEqualTo(DEFAULTS);
    }

    @Example
    void whatCannotBeIsRefusedByName() {
        for (String[] wrong : new String[][] {
            {"memory", "18446744073709551615", ""},
            {"memory", "63", ""},
            {"scratch", "9223372036854775807", ""},
            {"vcpus", "0", ""},
            {"timeout", "4294967295", ""},
            {"guest-vsock-port", "4294967295", ""},
            {"rootfs", "", ""},
            {"rootfs", "", "squashfs+file:///image"},
            {"disk", "", ""},
            {"build-snapshot", "", ""},
            {"env", "v", "1X"},
            {"cmdline", "a\nb", ""}
        }) {
            assertThatThrownBy(() -> spec(wrong))
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessageContaining(wrong[0]);
        }
    }

    @Property(tries = 2000)
    void noBytesAreMoreThanRefused(@ForAll @Size(max = 200) byte[] noise) {
        try {
            Request.decode(noise).spec(DEFAULTS);
        } catch (InvalidConfigException refused) {
            assertThat(refused).hasMessageContaining("libvmette.so");
        }
    }

    @Property(tries = 500)
    void anyTextArrivesAsItWas(@ForAll String text) {
        String sent = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8).replace("\0", "");
        assertThat(spec("exec", sent, "").exec()).contains(sent);
    }
}
