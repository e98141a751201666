package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.qemu.Accelerator;
import vmette.qemu.QemuInstallation;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProvider;
import vmette.rootfs.RootfsRequest;

/** {@code vmette providers} and {@code vmette info}. */
class ListingsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final QemuInstallation FOUND = new QemuInstallation(
            Optional.of(Path.of("/opt/qemu")), Optional.of("9.1.0"), Optional.of(Accelerator.KVM), Optional.empty());

    @TempDir
    private Path directory;

    private record Named(String name, String description) implements RootfsProvider {
        @Override
        public boolean accepts(String spec) {
            return false;
        }

        @Override
        public RootfsArtifact resolve(RootfsRequest request) {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void providersAreListedInTheOrderInWhichTheyAreAsked() {
        ProviderList list = new ProviderList(
                List.of(new Named("zip", "zip archives"), new Named("dir", "directories")), FOUND, true);
        assertThat(list.text().lines())
                .containsExactly(
                        "Root file systems, the first that takes --rootfs SPEC makes it:",
                        "  zip       zip archives",
                        "  dir       directories",
                        "",
                        "Virtual machines:",
                        "  qemu      /opt/qemu, version 9.1.0",
                        "  kvm       hardware virtualisation (used)",
                        "  tcg       software emulation: slower, and no security boundary");
        assertThat(Json.line(list.json()))
                .isEqualTo("{\"rootfs\":[{\"name\":\"zip\",\"description\":\"zip archives\"},"
                        + "{\"name\":\"dir\",\"description\":\"directories\"}],"
                        + "\"vmm\":[{\"name\":\"qemu\",\"binary\":\"/opt/qemu\",\"version\":\"9.1.0\","
                        + "\"accelerators\":[\"kvm\",\"tcg\"],\"used\":\"kvm\",\"problem\":null}]}");
    }

    @Test
    void nothingIsCalledNothing() {
        QemuInstallation none = new QemuInstallation(
                Optional.empty(), Optional.empty(), Optional.empty(), Optional.of("QEMU not found: install it"));
        assertThat(new ProviderList(List.of(), none, false).text().lines())
                .contains("  none", "  qemu      QEMU not found: install it")
                .noneMatch(line -> line.endsWith("(used)"));
    }

    @Test
    void theCommandListsWhatThereIs() throws IOException {
        JsonNode listed = JSON.readTree(said(Map.of(), "providers", "--json"));
        assertThat(listed.path("rootfs").findValuesAsText("name")).containsExactly("dir", "squashfs", "tar", "oci");
        assertThat(listed.path("vmm").path(0).path("name").asText()).isEqualTo("qemu");
        assertThat(said(Map.of(), "providers")).startsWith("Root file systems").contains("Virtual machines:");
    }

    @Test
    void infoShowsWhatIsInForceWithoutSecrets() throws IOException {
        Path config = Files.writeString(
                directory.resolve("my.conf"),
                "vmette {\n  cache-dir = /var/cache/vm\n  vm { vcpus = 3, memory = 512MiB, env { TOKEN = hunter2 } }\n}");
        Map<String, String> environment = Map.of("VMETTE_MEM_MIB", "99", "VMETTE_ENV", "A=hunter2");
        String text = said(environment, "info", "--config", config.toString());
        assertThat(text.lines())
                .anyMatch(line -> line.matches("version +[0-9]+\\.[0-9]+\\.[0-9]+(-SNAPSHOT)?"))
                .contains(
                        "cache      /var/cache/vm",
                        "settings   from " + config,
                        "  vmette.cache-dir = /var/cache/vm (" + config + ":2)",
                        "  vmette.vm.vcpus = 3 (" + config + ":3)",
                        "  vmette.vm.env.TOKEN = (not shown) (" + config + ":3)",
                        "variables  VMETTE_ENV VMETTE_MEM_MIB");
        assertThat(text).doesNotContain("hunter2", "vmette.vm.memory");

        String told = said(environment, "info", "--json", "--config", config.toString());
        assertThat(told).doesNotContain("hunter2");
        JsonNode info = JSON.readTree(told);
        assertThat(info.path("cacheDir").asText()).isEqualTo("/var/cache/vm");
        assertThat(info.path("vmm").path("name").asText()).isEqualTo("qemu");
        assertThat(info.path("settings").path("vmette.vm.vcpus").asInt()).isEqualTo(3);
        assertThat(info.path("settings").path("vmette.boot.deadline").asText()).isEqualTo("60s");
        assertThat(info.path("settings").path("vmette.vm.disks").isArray()).isTrue();
        assertThat(info.path("changed").toString())
                .isEqualTo("[\"vmette.cache-dir\",\"vmette.vm.env.TOKEN\",\"vmette.vm.vcpus\"]");
        assertThat(info.path("variables")).hasSize(2);
    }

    @Test
    void nothingThatTheyAskIsLeftRunning() {
        said(Map.of(), "info");
        said(Map.of(), "providers");
        assertThat(ProcessHandle.current().descendants()).isEmpty();
    }

    private static String said(Map<String, String> environment, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.commandLine(environment, arguments)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        assertThat(err.toString()).isEmpty();
        assertThat(code).isZero();
        return out.toString();
    }
}
