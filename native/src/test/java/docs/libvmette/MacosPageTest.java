package docs.libvmette;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.VmSpec;
import vmette.libvmette.LibVmetteHypervisor;
import vmette.libvmette.LibVmetteVmm;
import vmette.libvmette.LibraryUnderTest;
import vmette.libvmette.RunEnd;
import vmette.process.PortableChildren;

/** The example of docs/macos.md, by the library without a VM. */
class MacosPageTest {
    private static final Path DOCS = Path.of("..", "docs");

    @TempDir
    private Path base;

    private static int run(Path library, Path kernel, Path initramfs, Path directory, OutputStream output)
            throws Exception {
        // page: begin
        try (PortableChildren children = PortableChildren.open()) {
            VmSpec spec = VmSpec.builder()
                    .kernel(kernel)
                    .initramfs(initramfs)
                    .env("NAME", "world")
                    .exec("echo \"hello, $NAME\"; exit 3")
                    .timeout(Duration.ofMinutes(2))
                    .build();
            LibVmetteVmm vm = LibVmetteHypervisor.open(library, children).create("greeter", spec, directory, output);
            vm.start();
            RunEnd end = vm.ended().toCompletableFuture().get();
            vm.whenExited().toCompletableFuture().get();
            return end instanceof RunEnd.Returned returned
                    ? returned.exitCode()
                    : ((RunEnd.ProcessExited) end).status();
        }
        // page: end
    }

    @Test
    void theExampleGreets() throws Exception {
        LibraryUnderTest library = LibraryUnderTest.compiled(base);
        Path directory = Files.createTempDirectory(base, "vm");
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        Path kernel = library.kernel().orElseThrow();
        Path initramfs = library.initramfs().orElseThrow();
        assertThat(run(library.library(), kernel, initramfs, directory, output)).isEqualTo(3);
        assertThat(output.toString(StandardCharsets.UTF_8)).isEqualTo("hello, world\n");
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void thePageShowsTheExampleAndItsLinksLeadSomewhere() throws Exception {
        String page = Files.readString(DOCS.resolve("macos.md"));
        List<String> test = Files.readAllLines(Path.of("src/test/java/docs/libvmette/MacosPageTest.java"));
        String lines =
                test.subList(test.indexOf("        // page: begin") + 1, test.indexOf("        // page: end")).stream()
                        .map(line -> line.isEmpty() ? line : line.substring(8))
                        .collect(Collectors.joining("\n"));
        assertThat(page).contains("```java\n" + lines + "\n```");
        assertThat(Pattern.compile("\\]\\(([^)#:]+)\\)").matcher(page).results().map(link -> link.group(1)))
                .isNotEmpty()
                .allSatisfy(target -> assertThat(DOCS.resolve(target)).exists());
    }
}
