package vmette.libvmette;

import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** The library that a property names. */
@EnabledIfSystemProperty(
        named = LibraryUnderTest.PROPERTY,
        matches = ".+",
        disabledReason = "-Dvmette.libvmette names no library: only the one of src/test/c is tested")
class NamedLibVmetteTest extends LibVmetteContract {
    @Override
    protected LibraryUnderTest library() {
        return LibraryUnderTest.named();
    }
}
