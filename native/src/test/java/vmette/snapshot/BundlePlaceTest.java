package vmette.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.InvalidConfigException;
import vmette.errors.RestoreFailedException;
import vmette.errors.SaveFailedException;
import vmette.errors.VmetteIoException;
import vmette.linux.OwnedFd;

/** A bundle that is named by its path: who else may have been there. */
class BundlePlaceTest {
    private static final int NOBODY = 65534;

    @TempDir
    private Path temporary;

    private Path parent;
    private Path memory;

    @BeforeEach
    void prepare() throws IOException {
        memory = Bundles.memory(temporary);
        parent = Files.createDirectory(temporary.resolve("any"));
        mode(parent, "rwxr-xr-x");
    }

    private Bundle written() {
        BundlePlace place = BundlePlace.at(parent.resolve("my snap"));
        return Bundles.write(place.store(), place.name(), memory);
    }

    private static void mode(Path file, String mode) throws IOException {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private static void sticky(Path directory) throws IOException {
        Files.setAttribute(directory, "unix:mode", 01777);
    }

    private static void giveToNobody(Path file) throws IOException {
        assumeTrue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "only root gives files away");
        Files.setAttribute(file, "unix:uid", NOBODY);
    }

    @Test
    void aBundleIsWrittenOpenedAndRemovedByItsPath() throws IOException {
        Bundle bundle = written();
        assertThat(bundle.directory()).isEqualTo(parent.resolve("my snap"));
        assertThat(Files.getPosixFilePermissions(bundle.directory()))
                .isEqualTo(PosixFilePermissions.fromString("rwx------"));
        BundlePlace place = BundlePlace.of(parent + "/./my snap/", temporary.resolve("none"));
        assertThat(place.directory()).isEqualTo(bundle.directory());
        assertThat(place.store().names()).containsExactly("my snap");
        place.open().verify();
        assertThatThrownBy(this::written)
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("there is something called " + bundle.directory() + " already");
        try (OwnedFd held = place.hold()) {
            assertThat(held.isClosed()).isFalse();
            assertThatThrownBy(place::remove)
                    .isInstanceOf(VmetteIoException.class)
                    .hasMessageContaining("in use");
        }
        assertThat(place.remove()).isTrue();
        assertThat(place.remove()).isFalse();
        assertThat(parent).isEmptyDirectory();
        assertThat(temporary.resolve("none")).doesNotExist();
    }

    @Test
    void aNameIsInTheDirectoryOfBundles() throws IOException {
        Path store = temporary.resolve("store");
        BundlePlace place = BundlePlace.of("one", store);
        Bundles.write(place.store(), place.name(), memory);
        assertThat(place.open().directory()).isEqualTo(store.resolve("one"));
        assertThatThrownBy(() -> BundlePlace.of("two", store).open())
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageEndingWith("there are one");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/..", "a b", "", "-x", "..", "/a\0b"})
    void whatNamesNothingIsRefused(String given) {
        assertThatThrownBy(() -> BundlePlace.of(given, temporary.resolve("store")))
                .isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void whatIsNotThereCannotBeRestored() throws IOException {
        for (Path missing : List.of(parent.resolve("none"), temporary.resolve("no/such"), link())) {
            BundlePlace place = BundlePlace.at(missing);
            assertThatThrownBy(place::open)
                    .isInstanceOf(RestoreFailedException.class)
                    .hasMessageContaining("there is no snapshot " + missing);
            assertThatThrownBy(place::hold).isInstanceOf(RestoreFailedException.class);
            assertThat(place.remove()).isFalse();
            assertThat(place.store().names()).isEmpty();
        }
        assertThatThrownBy(() ->
                        BundlePlace.at(temporary.resolve("no/such")).store().begin("such", 1))
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("cannot begin the snapshot " + temporary.resolve("no/such"));
    }

    private Path link() throws IOException {
        return Files.createSymbolicLink(
                parent.resolve("link"), Files.createDirectories(temporary.resolve("elsewhere/snap")));
    }

    @ParameterizedTest
    @CsvSource({"rwxrwxr-x", "rwxr-xrwx", "rwxrwxrwx"})
    void aDirectoryThatOthersWriteToIsRefused(String mode) throws IOException {
        Bundle bundle = written();
        mode(parent, mode);
        refusedAround(bundle);
        sticky(parent);
        BundlePlace.at(bundle.directory()).open().verify();
    }

    @Test
    void aDirectoryOfAnotherUserIsRefusedThoughSticky() throws IOException {
        Bundle bundle = written();
        giveToNobody(parent);
        sticky(parent);
        refusedAround(bundle);
    }

    private static void refusedAround(Bundle bundle) {
        BundlePlace place = BundlePlace.at(bundle.directory());
        String why = "whoever can write there could put a snapshot of his own in the place of this one";
        assertThatThrownBy(place::open)
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining(why);
        assertThatThrownBy(() -> place.store().begin(place.name(), 1))
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining(why);
        assertThatThrownBy(place::remove).isInstanceOf(VmetteIoException.class).hasMessageContaining(why);
        assertThat(bundle.memory()).exists();
    }

    @Test
    void aBundleThatOthersMayHaveWrittenIsRefused() throws IOException {
        Bundle bundle = written();
        List<Path> parts = new ArrayList<>(List.of(bundle.directory(), bundle.state(), bundle.memory()));
        parts.add(bundle.disk("scratch"));
        parts.add(bundle.directory().resolve(Bundle.MANIFEST));
        for (Path part : parts) {
            boolean directory = Files.isDirectory(part);
            mode(part, directory ? "rwxrwx---" : "rw--w----");
            assertThatThrownBy(() -> BundlePlace.at(bundle.directory()).open())
                    .isInstanceOf(RestoreFailedException.class)
                    .hasMessageContaining(directory ? "its directory is of user" : part.getFileName() + " is of user")
                    .hasMessageContaining("whoever can write there decides what VMs do");
            mode(part, directory ? "rwxr-xr-x" : "rw-r--r--");
        }
        // Who only reads it changes nothing.
        BundlePlace.at(bundle.directory()).open().verify();
    }

    @Test
    void aBundleOfAnotherUserIsRefused() throws IOException {
        Bundle bundle = written();
        giveToNobody(bundle.memory());
        assertThatThrownBy(() -> BundlePlace.at(bundle.directory()).open())
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("memory is of user 65534 with mode 0600");
        giveToNobody(bundle.directory());
        BundlePlace place = BundlePlace.at(bundle.directory());
        assertThatThrownBy(place::open)
                .isInstanceOf(RestoreFailedException.class)
                .hasMessageContaining("its directory is of user 65534");
        assertThatThrownBy(place::remove)
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("is left as it is: it is of user 65534");
    }

    @Test
    void whatIsNoBundleIsNotRemovedByItsPath() throws IOException {
        Path other = Files.createDirectory(parent.resolve("work"));
        BundlePlace place = BundlePlace.at(other);
        assertThatThrownBy(place::remove).isInstanceOf(VmetteIoException.class).hasMessageContaining("no snapshot");
        Files.writeString(other.resolve(Bundle.MANIFEST), "{}");
        Files.writeString(other.resolve("thesis"), "mine");
        assertThatThrownBy(place::remove).isInstanceOf(VmetteIoException.class).hasMessageContaining("no snapshot");
        assertThat(other.resolve("thesis")).hasContent("mine");
        // A broken one is one.
        Files.delete(other.resolve("thesis"));
        assertThat(place.remove()).isTrue();
    }

    @Test
    void onlyWhatIsOursAndLeftOverGoesWithTheNextOne() throws IOException {
        List<String> kept = List.of(".new-0123456789abcdef", ".vmette-new-0123", ".vmette-new-0123456789abcde1");
        for (String name : kept) {
            Files.createDirectory(parent.resolve(name), BundleStore.PRIVATE);
        }
        mode(parent.resolve(kept.get(2)), "rwxr-xr-x");
        Path left = Files.createDirectory(parent.resolve(".vmette-old-0123456789abcdef"), BundleStore.PRIVATE);
        Files.writeString(left.resolve(Bundle.MEMORY), "x");
        BundlePlace.at(parent.resolve("other")).store().names();
        assertThat(left).exists();
        written();
        assertThat(left).doesNotExist();
        assertThat(kept).allSatisfy(name -> assertThat(parent.resolve(name)).exists());
    }

    @Test
    void whatAnotherUserCallsLeftOverStays() throws IOException {
        Path trap = Files.createDirectory(parent.resolve(".vmette-old-0123456789abcdef"), BundleStore.PRIVATE);
        giveToNobody(trap);
        written();
        assertThat(trap).exists();
    }

    @Test
    void howFarItIsVerifiedIsTold() throws IOException {
        Bundle bundle = written();
        long[] read = {0};
        bundle.verify(bytes -> read[0] += bytes);
        // MiB by MiB, so that it is more than is there, and no more than the files are long.
        long whole = bundle.manifest().state().bytes()
                + bundle.manifest().memory().bytes()
                + bundle.manifest().disks().stream()
                        .mapToLong(disk -> disk.sums().bytes())
                        .sum();
        long manifest = Files.size(bundle.directory().resolve(Bundle.MANIFEST));
        assertThat(read[0]).isBetween(bundle.allocated() - manifest, whole);
        assertThat(BundlePlace.at(bundle.directory()).allocated()).isEqualTo(bundle.allocated());
    }
}
