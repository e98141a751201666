package vmette.libvmette;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.process.ChildSpawner;

/**
 * A library and what it boots.
 *
 * @param library with the C ABI
 * @param kernel a file; empty: the library finds one
 * @param initramfs the same
 * @param java the program that runs it; empty: this one's
 */
public record LibraryUnderTest(Path library, Optional<Path> kernel, Optional<Path> initramfs, Optional<Path> java) {
    static final String PROPERTY = "vmette.libvmette";

    /** With this Java. */
    LibraryUnderTest(Path library, Optional<Path> kernel, Optional<Path> initramfs) {
        this(library, kernel, initramfs, Optional.empty());
    }

    /** The one of {@code src/test/c}, which has no VM, with empty files to boot. */
    public static LibraryUnderTest compiled(Path directory) throws Exception {
        Path library = directory.resolve("libvmette.so");
        Path source = Path.of("src", "test", "c", "libvmette.c").toAbsolutePath();
        run(List.of(
                "gcc",
                "-std=gnu11",
                "-shared",
                "-fPIC",
                "-O1",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-o",
                library.toString(),
                source.toString()));
        return new LibraryUnderTest(
                library,
                Optional.of(Files.createFile(directory.resolve("kernel"))),
                Optional.of(Files.createFile(directory.resolve("initramfs"))));
    }

    private static void run(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }

    /** The one that {@code -Dvmette.libvmette=FILE} names, with {@code .kernel} and {@code .initramfs} behind it, unless it finds them. */
    static LibraryUnderTest named() {
        return new LibraryUnderTest(Path.of(System.getProperty(PROPERTY)), asset("kernel"), asset("initramfs"));
    }

    private static Optional<Path> asset(String what) {
        return Optional.ofNullable(System.getProperty(PROPERTY + "." + what)).map(Path::of);
    }

    /** Whose VMs run in processes of the library's Java, by another file if need be. */
    LibVmetteHypervisor hypervisor(Path file, ChildSpawner children) {
        LibVmetteHypervisor hypervisor = LibVmetteHypervisor.open(file, children);
        return java.map(hypervisor::withJava).orElse(hypervisor);
    }

    /** For {@code vmette_config_new}. */
    byte[] kernelText() {
        return CText.of("kernel", kernel.map(Path::toString).orElse(""));
    }

    /** The same of the other. */
    byte[] initramfsText() {
        return CText.of("initramfs", initramfs.map(Path::toString).orElse(""));
    }

    /** With kernel and initramfs. */
    VmSpecBuilder spec() {
        VmSpecBuilder spec = VmSpec.builder();
        kernel.ifPresent(spec::kernel);
        initramfs.ifPresent(spec::initramfs);
        return spec;
    }
}
