package vmette.libvmette;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** By the library without a VM. */
class CompiledLibVmetteVmmTest extends LibVmetteVmmContract {
    @TempDir
    static Path built;

    private static LibraryUnderTest compiled;

    @BeforeAll
    static void compile() throws Exception {
        compiled = LibraryUnderTest.compiled(built);
    }

    @Override
    protected LibraryUnderTest library() {
        return compiled;
    }
}
