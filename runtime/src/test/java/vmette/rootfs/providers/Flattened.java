package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What {@link FlatTar} makes of layers, read again. */
final class Flattened {
    /** Where a limit is not what is tested. */
    static final long MOST = 1 << 24;

    private Flattened() {}

    record File(TarEntry entry, String content) {
        EntryKind kind() {
            return entry.kind();
        }
    }

    static Map<String, File> of(byte[]... layers) throws IOException {
        return of(MOST, layers);
    }

    /** By name; hard links are what they lead to. */
    static Map<String, File> of(long most, byte[]... layers) throws IOException {
        List<LayerSource> sources = new ArrayList<>();
        for (byte[] layer : layers) {
            sources.add(Tar.layer("layer " + sources.size(), layer));
        }
        FlatTar flat = FlatTar.of(sources, new ByteBudget(most));
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        flat.writeTo(new TarWriter(written), new ByteBudget(most));
        Map<String, File> files = read(written.toByteArray());
        IdentityHashMap<File, Boolean> distinct = new IdentityHashMap<>();
        files.values().forEach(file -> distinct.put(file, true));
        assertThat(distinct.size() + 1L).isEqualTo(flat.inodes());
        return files;
    }

    static Map<String, File> read(byte[] archive) throws IOException {
        Map<String, File> files = new TreeMap<>();
        TarReader reader = new TarReader(new ByteArrayInputStream(archive), Long.MAX_VALUE - 1024);
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            assertThat(files).as("a name twice").doesNotContainKey(entry.name());
            assertThat(EntryName.components(entry.name())).isNotEmpty();
            assertThat(String.join("/", EntryName.components(entry.name()))).isEqualTo(entry.name());
            if (entry.kind() == EntryKind.HARD_LINK) {
                assertThat(files).as("a link before its file").containsKey(entry.link());
                files.put(entry.name(), files.get(entry.link()));
                continue;
            }
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            byte[] buffer = new byte[4096];
            for (int count = reader.read(buffer, 0, buffer.length);
                    count >= 0;
                    count = reader.read(buffer, 0, buffer.length)) {
                content.write(buffer, 0, count);
            }
            files.put(entry.name(), new File(entry, content.toString(StandardCharsets.ISO_8859_1)));
        }
        for (String name : files.keySet()) {
            int slash = name.lastIndexOf('/');
            if (slash >= 0) {
                assertThat(files.get(name.substring(0, slash)).kind()).isEqualTo(EntryKind.DIRECTORY);
            }
        }
        return files;
    }
}
