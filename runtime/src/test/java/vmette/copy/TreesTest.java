package vmette.copy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trees of the host packed and unpacked, and what a hostile archive may try. */
class TreesTest {
    private static final FileTime THEN = FileTime.fromMillis(1_234_567_890_000L);

    @TempDir
    private Path place;

    private Path into;
    private Path victim;
    private final Recorded progress = new Recorded();

    @BeforeEach
    void prepare() throws IOException {
        into = Files.createDirectory(place.resolve("into"));
        victim =
                Files.writeString(Files.createDirectory(place.resolve("victim")).resolve("file"), "safe");
    }

    private static byte[] pack(Path tree, CopyProgress progress) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new TreePacker(tree, true, progress).writeTo(bytes);
        return bytes.toByteArray();
    }

    private void unpack(byte[] archive, Path to) throws IOException {
        new TreeUnpacker(to, false, progress).readFrom(new ByteArrayInputStream(archive));
    }

    private Path tree() throws IOException {
        Path tree = Files.createDirectories(place.resolve("tree/dir/sub"))
                .getParent()
                .getParent();
        Files.createDirectory(tree.resolve("empty"));
        Path file = Files.writeString(tree.resolve("file"), "hello");
        Files.write(
                tree.resolve("dir/sub/random"),
                new Random(1)
                        .ints(100_000)
                        .mapToObj(i -> "" + i)
                        .reduce("", (a, b) -> b)
                        .getBytes(StandardCharsets.UTF_8));
        Files.writeString(tree.resolve("x".repeat(200)), "long");
        Files.writeString(tree.resolve("grün"), "utf-8");
        Files.createLink(tree.resolve("dir/hard"), file);
        Files.createSymbolicLink(tree.resolve("dir/soft"), Path.of("../file"));
        Files.createSymbolicLink(tree.resolve("dangling"), Path.of("/no/where"));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));
        Files.setPosixFilePermissions(tree.resolve("empty"), PosixFilePermissions.fromString("r-xr-xr-x"));
        for (String each : new String[] {"file", "empty", "dir/sub/random", "dir/sub", "dir"}) {
            Files.setLastModifiedTime(tree.resolve(each), THEN);
        }
        return tree;
    }

    private static Map<String, String> told(Path tree) throws IOException {
        Map<String, String> told = new TreeMap<>();
        try (Stream<Path> found = Files.walk(tree)) {
            for (Path each : found.filter(path -> !path.equals(tree)).toList()) {
                Map<String, Object> attributes =
                        Files.readAttributes(each, "unix:mode,nlink", LinkOption.NOFOLLOW_LINKS);
                String text = Integer.toOctalString((Integer) attributes.get("mode"));
                if (Files.isSymbolicLink(each)) {
                    text += " " + Files.readSymbolicLink(each);
                } else {
                    text += " " + Files.getLastModifiedTime(each).toMillis() / 1000;
                    text += Files.isDirectory(each) ? "" : " " + attributes.get("nlink") + Files.readString(each);
                }
                told.put(tree.relativize(each).toString(), text);
            }
        }
        return told;
    }

    private static Map<String, String> withoutDirectoryTimes(Map<String, String> told) {
        told.replaceAll((name, text) -> text.replaceAll("^(4[0-7]{4}) [0-9]+$", "$1"));
        return told;
    }

    @Test
    void aTreeComesBack() throws IOException {
        Path tree = tree();
        byte[] archive = pack(tree, progress);
        assertThat(progress.bytes).isEqualTo(TreePacker.size(tree) - 5);
        assertThat(progress.entries).isEqualTo(told(tree).size() + 1);
        Path back = place.resolve("back");
        unpack(archive, back);
        assertThat(told(back)).isEqualTo(told(tree)).containsKeys("dir/hard", "grün", "x".repeat(200));
        // And over itself; a directory that is there keeps its mode, and is changed by what is put into it.
        unpack(archive, back);
        assertThat(withoutDirectoryTimes(told(back))).isEqualTo(withoutDirectoryTimes(told(tree)));
        assertThat(progress.leftOut).isEmpty();
        assertThat(Files.readAttributes(back.resolve("file"), "unix:ino"))
                .isEqualTo(Files.readAttributes(back.resolve("dir/hard"), "unix:ino"));
        back.resolve("empty").toFile().setWritable(true);
    }

    private static TarArchiveEntry entry(String name, byte kind, String link) {
        TarArchiveEntry entry = new TarArchiveEntry(name, kind, true);
        entry.setLinkName(link);
        return entry;
    }

    private static TarArchiveEntry file(String name) {
        return entry(name, TarConstants.LF_NORMAL, "");
    }

    private static byte[] archive(TarArchiveEntry... entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(bytes)) {
            for (TarArchiveEntry entry : entries) {
                byte[] content = entry.isFile()
                                && !entry.isLink()
                                && !entry.isSymbolicLink()
                                && !entry.isFIFO()
                                && !entry.isCharacterDevice()
                        ? "hostile".getBytes(StandardCharsets.UTF_8)
                        : new byte[0];
                entry.setSize(content.length);
                out.putArchiveEntry(entry);
                out.write(content);
                out.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    private void assertRefused(String message, TarArchiveEntry... entries) throws IOException {
        byte[] archive = archive(entries);
        assertThatThrownBy(() -> unpack(archive, into))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(message);
        assertThat(victim).hasContent("safe");
        try (Stream<Path> names = Files.list(victim.getParent())) {
            assertThat(names).hasSize(1);
        }
    }

    @Test
    void nothingGetsOutOfTheDirectory() throws IOException {
        String outside = victim.toString();
        assertRefused("leads out of the directory", file(outside));
        assertRefused("leads out of the directory", file("../victim/file"));
        assertRefused("leads out of the directory", file("a/../../victim/file"));
        assertRefused(
                "what is to go into it is not followed there",
                entry("way", TarConstants.LF_SYMLINK, victim.getParent().toString()),
                file("way/file"));
        assertRefused("what is to go into it is not followed there", entry("way/", TarConstants.LF_DIR, ""));
        assertRefused("leads out of the directory", entry("hard", TarConstants.LF_LINK, "../victim/file"));
        assertRefused("has not brought", entry("hard", TarConstants.LF_LINK, "way/file"));
        // What was there before is not to be had by another name.
        Files.writeString(into.resolve("mine"), "mine");
        assertRefused("has not brought", entry("hard", TarConstants.LF_LINK, "mine"));
        assertRefused(
                "no file any more",
                file("a"),
                entry("a", TarConstants.LF_SYMLINK, outside),
                entry("b", TarConstants.LF_LINK, "a"));
    }

    @Test
    void aLinkInTheWayIsReplacedAndNotFollowed() throws IOException {
        unpack(archive(entry("file", TarConstants.LF_SYMLINK, victim.toString()), file("file")), into);
        assertThat(into.resolve("file")).hasContent("hostile");
        assertThat(Files.isSymbolicLink(into.resolve("file"))).isFalse();
        assertThat(victim).hasContent("safe");
    }

    @Test
    void whatIsNoFileIsLeftOut() throws IOException {
        TarArchiveEntry device = entry("null", TarConstants.LF_CHR, "");
        unpack(archive(device, entry("pipe", TarConstants.LF_FIFO, ""), file("file")), into);
        assertThat(progress.leftOut).containsExactly("null", "pipe");
        try (Stream<Path> names = Files.list(into)) {
            assertThat(names).containsExactly(into.resolve("file"));
        }
    }

    @Test
    void setuidIsDroppedUnlessAskedFor() throws IOException {
        TarArchiveEntry file = file("file");
        file.setMode(04755);
        byte[] archive = archive(file);
        unpack(archive, into);
        assertThat(HostCopies.mode(into.resolve("file"))).isEqualTo(0755);
        new TreeUnpacker(into, true, progress).readFrom(new ByteArrayInputStream(archive));
        assertThat(HostCopies.mode(into.resolve("file"))).isEqualTo(04755);
    }

    @Test
    void aDirectoryThatIsThereKeepsItsModeAndOneThatIsMadeDoesNot() throws IOException {
        Path there = Files.createDirectory(into.resolve("there"));
        Files.setPosixFilePermissions(into, PosixFilePermissions.fromString("rwx------"));
        Files.setPosixFilePermissions(there, PosixFilePermissions.fromString("rwx------"));
        TarArchiveEntry[] open = {
            entry("./", TarConstants.LF_DIR, ""),
            entry("./there/", TarConstants.LF_DIR, ""),
            entry("./made/", TarConstants.LF_DIR, "")
        };
        for (TarArchiveEntry each : open) {
            each.setMode(0777);
        }
        unpack(archive(open), into);
        assertThat(HostCopies.mode(into)).isEqualTo(0700);
        assertThat(HostCopies.mode(there)).isEqualTo(0700);
        assertThat(HostCopies.mode(into.resolve("made"))).isEqualTo(0777);
        unpack(archive(open), place.resolve("new"));
        assertThat(HostCopies.mode(place.resolve("new"))).isEqualTo(0777);
    }

    @Test
    void aPackedContentDoesNotTellOfItsDirectory() throws IOException {
        Path tree = Files.createDirectory(place.resolve("content"));
        Files.writeString(tree.resolve("file"), "x");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new TreePacker(tree, false, progress).writeTo(bytes);
        assertThat(bytes.toString(StandardCharsets.ISO_8859_1)).startsWith("./file\0");
    }

    @Test
    void aDirectoryIsNoPlaceForAFile() throws IOException {
        Files.createDirectories(into.resolve("file/full"));
        assertRefused("is a directory", file("file"));
        assertRefused("is a directory", entry("file", TarConstants.LF_SYMLINK, "x"));
        assertThat(into.resolve("file/full")).isDirectory();
    }

    @Test
    void anArchiveThatIsCutOffLeavesNoHalfFile() throws IOException {
        byte[] archive = archive(file("one"), file("two"));
        for (int size : new int[] {512 + 3, 1024 + 512 + 3}) {
            byte[] cut = Arrays.copyOf(archive, size);
            assertThatThrownBy(() -> unpack(cut, into)).isInstanceOf(IOException.class);
        }
        try (Stream<Path> names = Files.list(into)) {
            assertThat(names).containsExactly(into.resolve("one"));
        }
    }

    /** Whatever bytes come: a failure is an IOException, and nothing is made outside. */
    @Test
    void damagedArchivesDoNoHarm() throws IOException {
        byte[] archive = archive(
                entry("d/", TarConstants.LF_DIR, ""),
                file("d/file"),
                entry("d/hard", TarConstants.LF_LINK, "d/file"),
                entry("soft", TarConstants.LF_SYMLINK, "../victim"),
                file("last"));
        Random random = new Random(4711);
        Path fuzz = Files.createDirectory(place.resolve("fuzz"));
        int refusals = 0;
        for (int round = 0; round < 2000; round++) {
            byte[] damaged = archive.clone();
            for (int i = random.nextInt(6); i >= 0; i--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            for (int at = 0; at + 512 <= damaged.length; at += 512) {
                sum(damaged, at);
            }
            Path target = Files.createDirectory(fuzz.resolve("r" + round));
            try {
                unpack(damaged, target);
            } catch (IOException refused) {
                // For what the archive is, and not because something else went wrong.
                assertThat(refused).isExactlyInstanceOf(IOException.class).hasMessageMatching("(?is).*\\barchive\\b.*");
                refusals++;
            }
        }
        assertThat(refusals).isBetween(500, 1500);
        assertThat(victim).hasContent("safe");
        try (Stream<Path> names = Files.list(place)) {
            assertThat(names).containsExactlyInAnyOrder(into, victim.getParent(), fuzz);
        }
    }

    /** So that more than the checksum is found wrong. */
    private static void sum(byte[] archive, int at) {
        if (archive[at + 257] != 'u') {
            return;
        }
        Arrays.fill(archive, at + 148, at + 156, (byte) ' ');
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += archive[at + i] & 0xff;
        }
        byte[] text = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, archive, at + 148, 8);
    }

    @Test
    void aFileIsReceivedWholeOrNotAtAll() throws IOException {
        Path file = Files.writeString(place.resolve("file"), "old");
        Path link = Files.createSymbolicLink(place.resolve("link"), Path.of("file"));
        InputStream failing = new SequenceInputStream(new ByteArrayInputStream(new byte[100]), new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("broke");
            }

            @Override
            public int read(byte[] to, int offset, int length) throws IOException {
                return read();
            }
        });
        assertThatThrownBy(() -> HostCopies.receive(failing, link, 0644, progress))
                .hasMessage("broke");
        assertThat(file).hasContent("old");
        HostCopies.receive(new ByteArrayInputStream("new".getBytes(StandardCharsets.UTF_8)), link, 0600, progress);
        assertThat(file).hasContent("new");
        assertThat(HostCopies.mode(file)).isEqualTo(0600);
        assertThat(Files.isSymbolicLink(link)).isTrue();
        try (Stream<Path> names = Files.list(place)) {
            assertThat(names.filter(name -> name.getFileName().toString().startsWith(".vmette")))
                    .isEmpty();
        }
    }

    /** What follows a header without end, and how much of it is taken. */
    private static final class Endless extends java.io.InputStream {
        private long taken;

        @Override
        public int read() {
            taken++;
            return 'x';
        }

        @Override
        public int read(byte[] to, int offset, int length) {
            java.util.Arrays.fill(to, offset, offset + length, (byte) 'x');
            taken += length;
            return length;
        }
    }

    @Test
    void whatIsSaidOfAFileIsNotKeptWhateverItsSize() {
        for (byte kind : new byte[] {
            TarConstants.LF_GNUTYPE_LONGNAME,
            TarConstants.LF_GNUTYPE_LONGLINK,
            TarConstants.LF_PAX_EXTENDED_HEADER_LC,
            TarConstants.LF_PAX_GLOBAL_EXTENDED_HEADER
        }) {
            TarArchiveEntry entry = entry("long", kind, "");
            entry.setSize(07777777777L);
            byte[] header = new byte[512];
            entry.writeEntryHeader(header);
            byte[] record = "1000000000 path=".getBytes(StandardCharsets.US_ASCII);
            Endless endless = new Endless();
            java.io.InputStream archive = new java.io.SequenceInputStream(
                    new ByteArrayInputStream(header),
                    new java.io.SequenceInputStream(new ByteArrayInputStream(record), endless));
            assertThatThrownBy(() -> new TreeUnpacker(into, false, progress).readFrom(archive))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("bytes to say of one file");
            assertThat(endless.taken).isLessThan(2L << 20);
        }
        assertThat(into).isEmptyDirectory();
    }

    @Test
    void whatIsSaidOfAllFilesIsBoundedToo() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TarArchiveOutputStream out = new TarArchiveOutputStream(bytes);
        for (int i = 0; i < 5; i++) {
            TarArchiveEntry all = entry("all", TarConstants.LF_PAX_GLOBAL_EXTENDED_HEADER, "");
            all.addPaxHeader("k" + i, "v".repeat(300_000));
            out.putArchiveEntry(all);
            out.putArchiveEntry(entry("file" + i, TarConstants.LF_SYMLINK, "x"));
            out.closeArchiveEntry();
        }
        out.close();
        assertThatThrownBy(() -> unpack(bytes.toByteArray(), into))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("to say of all files");
    }

    @Test
    void timesOutOfReasonAreNoHarm() throws IOException {
        for (String time :
                new String[] {"9999999999999999999", "-9999999999999999999", "31556889864403200", "1e999999999"}) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            TarArchiveOutputStream out = new TarArchiveOutputStream(bytes);
            String record = " mtime=" + time + "\n";
            byte[] records = ((record.length() + 2) + record).getBytes(StandardCharsets.US_ASCII);
            TarArchiveEntry next = entry("next", TarConstants.LF_PAX_EXTENDED_HEADER_LC, "");
            next.setSize(records.length);
            out.putArchiveEntry(next);
            out.write(records);
            out.closeArchiveEntry();
            out.putArchiveEntry(entry("d/", TarConstants.LF_DIR, ""));
            out.closeArchiveEntry();
            out.close();
            try {
                unpack(bytes.toByteArray(), into);
            } catch (IOException refused) {
                assertThat(refused).hasMessageNotContaining("null");
            }
        }
    }

    @Test
    void nobodyElseMayWriteWhereMoreIsStillToCome() throws IOException {
        TarArchiveEntry[] entries = {
            entry("d/", TarConstants.LF_DIR, ""),
            file("d/one"),
            entry("d/sub/", TarConstants.LF_DIR, ""),
            file("d/sub/two"),
            file("three"),
            file("d/sub/four")
        };
        for (TarArchiveEntry each : entries) {
            each.setMode(0777);
        }
        java.util.List<Integer> seen = new java.util.ArrayList<>();
        CopyProgress watching = new CopyProgress() {
            @Override
            public void entry() {
                for (String name : new String[] {"d", "d/sub"}) {
                    try {
                        if (Files.exists(into.resolve(name))) {
                            seen.add(HostCopies.mode(into.resolve(name)));
                        }
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                }
            }

            @Override
            public void bytes(long count) {}

            @Override
            public void leftOut(String name, String why) {}
        };
        new TreeUnpacker(into, false, watching).readFrom(new ByteArrayInputStream(archive(entries)));
        assertThat(seen).hasSize(10).allSatisfy(mode -> assertThat(mode & 0022).isZero());
        assertThat(HostCopies.mode(into.resolve("d"))).isEqualTo(0777);
        assertThat(HostCopies.mode(into.resolve("d/sub"))).isEqualTo(0777);
        assertThat(into.resolve("d/sub/four")).hasContent("hostile");
    }
}
