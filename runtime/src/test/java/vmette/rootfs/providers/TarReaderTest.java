package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Against itself, and against another's reader and writer. */
class TarReaderTest {
    private static TarEntry first(byte[] archive) throws IOException {
        return new TarReader(new ByteArrayInputStream(archive), Long.MAX_VALUE - 1024).next();
    }

    @Provide
    Arbitrary<TarEntry> entries() {
        Arbitrary<String> text =
                Arbitraries.strings().withCharRange('\1', '\377').ofMinLength(1).ofMaxLength(300);
        Arbitrary<Map<String, String>> attributes = Arbitraries.maps(
                        Arbitraries.of("user.a", "security.capability", "trusted.b"),
                        Arbitraries.strings()
                                .withCharRange('\0', '\377')
                                .ofMinLength(1)
                                .ofMaxLength(40))
                .ofMaxSize(2);
        return Combinators.combine(
                        text,
                        text,
                        Arbitraries.of(EntryKind.values()),
                        Arbitraries.integers().between(0, 07777),
                        Arbitraries.longs().between(0, 0xfffffffeL),
                        Arbitraries.longs().between(0, 0xffffffffL),
                        attributes)
                .as((name, link, kind, mode, id, time, found) -> {
                    boolean device = kind == EntryKind.CHARACTER_DEVICE || kind == EntryKind.BLOCK_DEVICE;
                    boolean leads = kind == EntryKind.HARD_LINK || kind == EntryKind.SYMBOLIC_LINK;
                    return new TarEntry(
                            name,
                            kind,
                            mode,
                            id,
                            id / 2,
                            time,
                            0,
                            leads ? link : "",
                            device ? mode % 0x1000 : 0,
                            device ? (int) (id % 0x100000) : 0,
                            found);
                });
    }

    @Property
    void whatWasWrittenIsRead(@ForAll("entries") TarEntry entry) throws IOException {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        TarWriter writer = new TarWriter(written);
        writer.entry(entry);
        writer.end();
        assertThat(first(written.toByteArray())).isEqualTo(entry);
    }

    /** Text that is UTF-8 only: the other reader knows no other. */
    @Property(tries = 200)
    void anotherReaderReadsTheSame(@ForAll("entries") TarEntry entry) throws IOException {
        TarEntry plain = new TarEntry(
                ascii(entry.name()),
                entry.kind(),
                entry.mode(),
                entry.uid(),
                entry.gid(),
                entry.modified(),
                0,
                ascii(entry.link()),
                entry.major(),
                entry.minor(),
                Map.of());
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        TarWriter writer = new TarWriter(written);
        writer.entry(plain);
        writer.end();
        TarArchiveEntry read =
                new TarArchiveInputStream(new ByteArrayInputStream(written.toByteArray())).getNextEntry();
        assertThat(read.getName().replaceAll("/$", "")).isEqualTo(plain.name());
        assertThat(read.getLinkName()).isEqualTo(plain.link());
        assertThat(read.getMode()).isEqualTo(plain.mode());
        assertThat(read.getLongUserId()).isEqualTo(plain.uid());
        assertThat(read.getLongGroupId()).isEqualTo(plain.gid());
        assertThat(read.getLastModifiedTime().toInstant().getEpochSecond()).isEqualTo(plain.modified());
        assertThat(read.getDevMajor()).isEqualTo(plain.major());
        assertThat(read.getDevMinor()).isEqualTo(plain.minor());
    }

    private static String ascii(String text) {
        return text.replaceAll("[^a-z]", "x");
    }

    /** GNU tar's long names and base-256 numbers, or POSIX' extended headers. */
    @Property(tries = 200)
    void anotherWritersArchiveIsRead(
            @ForAll boolean gnu,
            @ForAll @LongRange(max = 0xfffffffeL) long id,
            @ForAll @LongRange(max = 300) long length)
            throws IOException {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        String name = "n".repeat((int) length + 1);
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(written, StandardCharsets.UTF_8.name())) {
            out.setLongFileMode(gnu ? TarArchiveOutputStream.LONGFILE_GNU : TarArchiveOutputStream.LONGFILE_POSIX);
            out.setBigNumberMode(gnu ? TarArchiveOutputStream.BIGNUMBER_STAR : TarArchiveOutputStream.BIGNUMBER_POSIX);
            TarArchiveEntry entry = new TarArchiveEntry(name);
            entry.setUserId(id);
            entry.setMode(0640);
            entry.setSize(3);
            out.putArchiveEntry(entry);
            out.write(new byte[] {1, 2, 3});
            out.closeArchiveEntry();
        }
        TarEntry read = first(written.toByteArray());
        assertThat(read.name()).isEqualTo(name);
        assertThat(read.uid()).isEqualTo(id);
        assertThat(read.mode()).isEqualTo(0640);
        assertThat(read.size()).isEqualTo(3);
    }

    @Example
    void whatOneFileCanSayIsBounded() {
        assertThatThrownBy(() -> first(HostileArchives.endless()))
                .isInstanceOf(TarFormatException.class)
                .hasMessageContaining("to say of one file");
    }
}
