package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import vmette.errors.BadImageException;

/** Layers against a model that knows only what a whole layer does to a whole tree. */
class LayerMergeTest {
    private static final String IMPLIED = "implied";

    /** One line of a layer: what becomes of a path. */
    record Line(String kind, String path, String text) {}

    /** Whiteouts stand anywhere in a layer and mean the layers below. */
    @Property(tries = 2000)
    void layersMakeWhatTheModelSays(@ForAll("layers") List<List<Line>> layers) throws IOException {
        Map<String, String> expected = new TreeMap<>();
        List<byte[]> archives = new ArrayList<>();
        int number = 0;
        for (List<Line> layer : layers) {
            archives.add(archive(layer, number));
            expected = applied(expected, layer, number++);
        }
        Map<String, String> found = new TreeMap<>();
        Flattened.of(archives.toArray(byte[][]::new)).forEach((path, file) -> found.put(path, told(file)));
        assertThat(found).isEqualTo(expected);
    }

    private static String told(Flattened.File file) {
        if (file.kind() == EntryKind.DIRECTORY) {
            return file.entry().modified() == 0
                    ? IMPLIED
                    : "directory " + file.entry().mode();
        }
        return file.content();
    }

    private static byte[] archive(List<Line> layer, int number) {
        Tar tar = new Tar();
        for (Line line : layer) {
            int slash = line.path().lastIndexOf('/') + 1;
            switch (line.kind()) {
                case "file" -> tar.file(line.path(), line.text() + number);
                case "directory" -> tar.directory(line.path() + "/", 0700 + number);
                case "gone" ->
                    tar.file(
                            line.path().substring(0, slash) + ".wh."
                                    + line.path().substring(slash),
                            "");
                default -> tar.file(line.path() + "/.wh..wh..opq", "");
            }
        }
        return tar.bytes();
    }

    /** First what it takes away from those below, then what it adds. A name through a file of its own is not generated. */
    private static Map<String, String> applied(Map<String, String> below, List<Line> layer, int number) {
        Map<String, String> tree = new TreeMap<>(below);
        for (Line line : layer) {
            if (line.kind().equals("gone")) {
                tree.keySet().removeIf(path -> (path + "/").startsWith(line.path() + "/"));
            } else if (line.kind().equals("opaque")) {
                tree.keySet().removeIf(path -> path.startsWith(line.path() + "/"));
            }
        }
        for (Line line : layer) {
            boolean directory = line.kind().equals("directory");
            if (!directory && !line.kind().equals("file")) {
                continue;
            }
            for (int slash = line.path().indexOf('/');
                    slash >= 0;
                    slash = line.path().indexOf('/', slash + 1)) {
                String parent = line.path().substring(0, slash);
                String there = tree.get(parent);
                if (there == null || !(there.equals(IMPLIED) || there.startsWith("directory "))) {
                    tree.put(parent, IMPLIED);
                }
            }
            if (!directory) {
                tree.keySet().removeIf(path -> path.startsWith(line.path() + "/"));
            }
            tree.put(line.path(), directory ? "directory " + (0700 + number) : line.text() + number);
        }
        return tree;
    }

    @Provide
    Arbitrary<List<List<Line>>> layers() {
        Arbitrary<String> path =
                Arbitraries.of("a", "b", "c").list().ofMinSize(1).ofMaxSize(3).map(each -> String.join("/", each));
        Arbitrary<Line> line = Combinators.combine(
                        Arbitraries.of("file", "file", "directory", "gone", "opaque"), path, Arbitraries.of("x", "y"))
                .as(Line::new);
        return line.list()
                .ofMaxSize(8)
                .map(LayerMergeTest::sound)
                .list()
                .ofMinSize(1)
                .ofMaxSize(4);
    }

    /** Without lines that lead through a file of the same layer, which are refused. */
    private static List<Line> sound(List<Line> lines) {
        List<Line> sound = new ArrayList<>();
        for (Line line : lines) {
            boolean through = sound.stream()
                    .anyMatch(each -> each.kind().equals("file") && line.path().startsWith(each.path() + "/"));
            if (!through) {
                sound.add(line);
            }
        }
        return sound;
    }

    @Example
    void aLinkLivesOnWhenItsFileIsReplacedOrRemoved() throws IOException {
        byte[] lower = new Tar()
                .file("a", "first")
                .hardLink("b", "a")
                .hardLink("c", "./b")
                .file("z", "last")
                .hardLink("y", "/z")
                .bytes();
        byte[] upper = new Tar().file("a", "other").file(".wh.z", "").bytes();
        Map<String, Flattened.File> files = Flattened.of(lower, upper);
        assertThat(files.get("a").content()).isEqualTo("other");
        assertThat(files.get("b").content()).isEqualTo("first");
        assertThat(files.get("c")).isSameAs(files.get("b"));
        assertThat(files.get("y").content()).isEqualTo("last");
        assertThat(files).doesNotContainKey("z");
    }

    @Example
    void aLinkToALowerLayersFileIsThatFile() throws IOException {
        Map<String, Flattened.File> files = Flattened.of(
                new Tar().file("d/a", "1").bytes(),
                new Tar().hardLink("b", "d/a").bytes());
        assertThat(files.get("b")).isSameAs(files.get("d/a"));
    }

    @Example
    void linksToLinksAndDevicesAreKept() throws IOException {
        Map<String, Flattened.File> files = Flattened.of(new Tar()
                .symlink("s", "nowhere")
                .hardLink("t", "s")
                .add(Tar.entry("p", EntryKind.FIFO, 0600, 0, "", Map.of()), "")
                .hardLink("q", "p")
                .bytes());
        assertThat(files.get("t")).isSameAs(files.get("s"));
        assertThat(files.get("t").entry().link()).isEqualTo("nowhere");
        assertThat(files.get("q").kind()).isEqualTo(EntryKind.FIFO);
    }

    @Example
    void aNameThroughASymbolicLinkEndsWhereTheImageWouldPutIt() throws IOException {
        byte[] base = new Tar()
                .directory("usr/lib", 0755)
                .symlink("lib", "usr/lib")
                .symlink("var/run", "/run")
                .symlink("up", "../../../usr")
                .bytes();
        byte[] upper = new Tar()
                .file("lib/x", "1")
                .file("var/run/y", "2")
                .file("up/lib/z", "3")
                .bytes();
        Map<String, Flattened.File> files = Flattened.of(base, upper);
        assertThat(files.keySet())
                .containsExactly(
                        "lib", "run", "run/y", "up", "usr", "usr/lib", "usr/lib/x", "usr/lib/z", "var", "var/run");
    }

    @Example
    void aWhiteoutDoesNotHideItsOwnLayer() throws IOException {
        byte[] lower = new Tar().directory("d", 0750).file("d/old", "").bytes();
        for (byte[] upper : List.of(
                new Tar()
                        .file(".wh.d", "")
                        .directory("d", 0711)
                        .file("d/new", "")
                        .bytes(),
                new Tar()
                        .directory("d", 0711)
                        .file("d/new", "")
                        .file(".wh.d", "")
                        .bytes())) {
            Map<String, Flattened.File> files = Flattened.of(lower, upper);
            assertThat(files.keySet()).containsExactly("d", "d/new");
            assertThat(files.get("d").entry().mode()).isEqualTo(0711);
        }
    }

    @Example
    void attributesAreKeptToTheByte() throws IOException {
        String capability = "\1\0\0\2\200\377\n=\0\0\0\0\0\0\0\0\0\0\0\0";
        TarEntry entry = Tar.entry(
                "f",
                EntryKind.FILE,
                0755,
                0,
                "",
                Map.of("security.capability", capability, "user.k", "v", "trusted.overlay.opaque", "y"));
        assertThat(Flattened.of(new Tar().add(entry, "").bytes())
                        .get("f")
                        .entry()
                        .attributes())
                .containsOnly(Map.entry("security.capability", capability), Map.entry("user.k", "v"));
    }

    @Example
    void moreOwnersThanAnImageHoldsAreRefused() {
        Tar tar = new Tar();
        for (int owner = 0; owner <= 65535; owner++) {
            tar.add(new TarEntry("f" + owner, EntryKind.FILE, 0644, owner, 0, 0, 0, "", 0, 0, Map.of()), "");
        }
        assertThatThrownBy(() -> Flattened.of(1 << 26, tar.bytes()))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining("65535 different owners");
    }

    @Example
    void aDirectoryWithMoreFilesThanCanBeSortedInIsRefused() {
        Tar tar = new Tar();
        for (int i = 0; i < 71_000; i++) {
            tar.file("d/" + i, "");
        }
        assertThatThrownBy(() -> Flattened.of(1 << 26, tar.bytes()))
                .isInstanceOf(BadImageException.class)
                .hasMessageContaining("'d' with 71000");
    }

    @Example
    void namesNeedNotBeText() throws IOException {
        String name = "\377\376 \n" + "\303\244".repeat(100);
        assertThat(Flattened.of(new Tar().file(name, "1").bytes()).keySet()).containsExactly(name);
    }
}
