package vmette.copy;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

class TreeUnpackerFuzzTest {
    /** The input is what {@link ArchiveDice} makes an archive of; it goes where links lead out already. */
    @FuzzTest
    void nothingIsMadeOrChangedOutside(byte[] bytes) throws IOException {
        Path base = Files.createTempDirectory(
                Files.isWritable(Path.of("/dev/shm")) ? Path.of("/dev/shm") : null, "vmette-fuzz");
        try {
            unpack(ArchiveDice.archive(bytes), base);
        } finally {
            remove(base);
        }
    }

    private static void unpack(byte[] archive, Path base) throws IOException {
        Path outside = Files.createDirectory(base.resolve("outside"));
        Path secret = Files.writeString(outside.resolve("secret"), "safe");
        Path target = Files.createDirectories(base.resolve("target/d")).getParent();
        Path mine = Files.writeString(target.resolve("f"), "mine");
        Files.createLink(target.resolve("mine-too"), mine);
        Files.createSymbolicLink(target.resolve("out"), outside);
        Files.createSymbolicLink(target.resolve("d/secret"), secret);
        Map<Path, String> before = told(outside);
        int mode = HostCopies.mode(target);

        Recorded progress = new Recorded();
        ByteArrayInputStream in = new ByteArrayInputStream(archive);
        try {
            new TreeUnpacker(target, false, progress).readFrom(in);
            assertThat(in.available()).as("what was not looked at").isZero();
        } catch (IOException refused) {
            assertThat(refused).message().isNotBlank();
        }

        assertThat(told(outside)).isEqualTo(before);
        try (Stream<Path> names = Files.list(base)) {
            assertThat(names).containsExactlyInAnyOrder(outside, target);
        }
        assertThat(HostCopies.mode(target))
                .as("of the directory that was there")
                .isEqualTo(mode);
        assertThat(target.resolve("mine-too")).hasContent("mine");
        assertThat(progress.bytes).isLessThanOrEqualTo(archive.length);
        try (Stream<Path> made = Files.walk(target)) {
            for (Path each : made.toList()) {
                assertHarmless(each);
            }
        }
    }

    /** No device, no pipe, nothing set-id, nothing half written. */
    private static void assertHarmless(Path path) throws IOException {
        boolean link = Files.isSymbolicLink(path);
        assertThat(link || Files.isDirectory(path) || Files.isRegularFile(path))
                .as(path.toString())
                .isTrue();
        assertThat(path.getFileName().toString()).doesNotStartWith(".vmette-");
        if (!link) {
            assertThat(HostCopies.mode(path) & 07000).as(path.toString()).isZero();
        }
    }

    private static Map<Path, String> told(Path tree) throws IOException {
        Map<Path, String> told = new TreeMap<>();
        try (Stream<Path> found = Files.walk(tree)) {
            for (Path each : found.toList()) {
                told.put(
                        each,
                        Files.readAttributes(each, "unix:mode,nlink,ino,size,ctime", LinkOption.NOFOLLOW_LINKS)
                                .toString());
            }
        }
        return told;
    }

    /** Directories that an archive has closed are opened first. */
    private static void remove(Path base) throws IOException {
        if (Files.isDirectory(base, LinkOption.NOFOLLOW_LINKS)) {
            Files.setPosixFilePermissions(base, EnumSet.allOf(PosixFilePermission.class));
            List<Path> within;
            try (Stream<Path> names = Files.list(base)) {
                within = names.sorted(Comparator.naturalOrder()).toList();
            }
            for (Path each : within) {
                remove(each);
            }
        }
        Files.delete(base);
    }
}
