package vmette.libvmette;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import vmette.cli.Sandbox;

/** Our own library, as the build leaves it, by what is made for any library: with real VMs. */
class OwnLibVmetteIT {
    private static Sandbox sandbox;
    private static LibraryUnderTest library;

    @BeforeAll
    static void open() throws Exception {
        sandbox = Sandbox.create("");
        library = new LibraryUnderTest(
                Path.of("target", "dist", "libvmette.so.0").toAbsolutePath(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(javaInSandbox()));
    }

    /** The processes of VMs get a reduced environment; with this the library in them finds its configuration all the same. */
    private static Path javaInSandbox() throws IOException {
        Path script = sandbox.directory().resolve("java");
        Files.createFile(script, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        return Files.writeString(
                script,
                "#!/bin/sh\nVMETTE_CONFIG=" + sandbox.config() + " exec '" + System.getProperty("java.home")
                        + "/bin/java' \"$@\"\n");
    }

    @AfterAll
    static void nothingIsLeft() throws Exception {
        try {
            sandbox.assertNothingLeft();
        } finally {
            sandbox.close();
        }
    }

    @Nested
    class Binding extends LibVmetteContract {
        @Override
        protected LibraryUnderTest library() {
            return library;
        }
    }

    @Nested
    class Monitor extends LibVmetteVmmContract {
        @Override
        protected LibraryUnderTest library() {
            return library;
        }
    }
}
