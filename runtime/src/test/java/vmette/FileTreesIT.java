package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import akka.Done;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.errors.GuestFileException;
import vmette.files.GuestFiles;

/** Whole trees of a real VM as tar archives. */
class FileTreesIT {
    private static final String TREE = "mkdir -p /tmp/tree/empty /tmp/tree/dir/sub; cd /tmp/tree; echo hello > file; "
            + "head -c 300000 /dev/urandom > dir/sub/random; printf run > dir/run; chown 12:34 dir/run; chmod 4755 dir/run; chmod 3770 dir/sub; "
            + "ln file dir/hard; ln -s ../file dir/soft; ln -s /no/where dangling; mkfifo pipe; mknod null c 1 3; "
            + "n=$(printf '%0150d' 7); mkdir $n; echo long > $n/$n; ln -s $n/$n longlink; ln $n/$n hardlong; "
            + "chown 5000000:6000000 file; touch -d '2001-02-03 04:05:06' file dir dir/sub/random";

    private static Vmette vmette;
    private static VmHandle vm;
    private static GuestFiles files;

    @BeforeAll
    static void boot() {
        vmette = Vmette.create();
        vm = await(vmette.launch(VmSpec.builder().memoryMib(256).build()));
        files = vm.files();
        shell(TREE);
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    private static String shell(String line) {
        Guests.Result result = sh(vmette, vm, line);
        assertThat(result.status().isSuccess()).as(result.toString()).isTrue();
        return result.stdout();
    }

    /** Names, modes, owners, sizes, links, times and content. */
    private static String told(String directory) {
        return shell("cd " + directory + "; find . | sort | while read -r f; do stat -c '%n %f %u %g %h %t %T' \"$f\"; "
                + "[ -L \"$f\" ] && readlink \"$f\"; [ -d \"$f\" ] || stat -c '%Y %s' \"$f\"; done; "
                + "find . -type f | sort | xargs sha256sum; stat -c %Y dir");
    }

    private static ByteString archive(String directory) {
        return await(files.readTree(directory)
                .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), vmette.system()));
    }

    private static CompletionStage<Done> unpack(Source<ByteString, ?> archive, String directory) {
        return archive.runWith(files.writeTree(directory), vmette.system());
    }

    @Test
    void aTreeComesBackUnchanged() {
        var copy = files.readTree("/tmp/tree")
                .toMat(files.writeTree("/tmp/copy"), Keep.both())
                .run(vmette.system());
        await(copy.second());
        await(copy.first());
        assertThat(told("/tmp/copy")).isEqualTo(told("/tmp/tree")).contains("hardlong", "dir/soft");
        // Over itself as well.
        await(unpack(Source.single(archive("/tmp/tree")), "/tmp/copy"));
        assertThat(told("/tmp/copy")).isEqualTo(told("/tmp/tree"));
    }

    @Test
    void othersCanReadTheArchive() throws IOException {
        Map<String, TarArchiveEntry> entries = new HashMap<>();
        try (TarArchiveInputStream in = new TarArchiveInputStream(
                new ByteArrayInputStream(archive("/tmp/tree").toArray()), StandardCharsets.UTF_8.name())) {
            for (TarArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                entries.put(entry.getName(), entry);
            }
        }
        String longName = "./" + String.format("%0150d", 7) + "/";
        assertThat(entries)
                .containsKeys("./", "./empty/", "./file", longName, longName + longName.replaceAll("[./]", ""));
        assertThat(entries.get("./dir/run").getMode()).isEqualTo(04755);
        assertThat(entries.get("./dir/run").getLongUserId()).isEqualTo(12);
        assertThat(entries.get("./dir/soft").getLinkName()).isEqualTo("../file");
        assertThat(entries.get("./null").isCharacterDevice()).isTrue();
        assertThat(entries.get("./pipe").isFIFO()).isTrue();
        assertThat(entries.values().stream().filter(TarArchiveEntry::isLink).count())
                .isEqualTo(2);
    }

    @Test
    void nothingIsMadeOutside() throws IOException {
        shell("mkdir -p /tmp/victim; echo safe > /tmp/victim/file");
        assertRefused("UNSAFE_NAME", entry("/tmp/victim/file", TarConstants.LF_NORMAL, ""));
        assertRefused("UNSAFE_NAME", entry("../victim/file", TarConstants.LF_NORMAL, ""));
        assertRefused("UNSAFE_NAME", entry("hard", TarConstants.LF_LINK, "../victim/file"));
        assertRefused(
                "ENOTDIR",
                entry("way", TarConstants.LF_SYMLINK, "/tmp/victim"),
                entry("way/file", TarConstants.LF_NORMAL, ""));
        assertThat(shell("cat /tmp/victim/file; ls /tmp/victim")).isEqualTo("safe\nfile\n");
    }

    private static TarArchiveEntry entry(String name, byte kind, String link) {
        TarArchiveEntry entry = new TarArchiveEntry(name, kind, true);
        entry.setLinkName(link);
        return entry;
    }

    private static void assertRefused(String reason, TarArchiveEntry... entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream out = new TarArchiveOutputStream(bytes)) {
            for (TarArchiveEntry entry : entries) {
                out.putArchiveEntry(entry);
                out.closeArchiveEntry();
            }
        }
        Source<ByteString, ?> archive = Source.single(ByteString.fromArray(bytes.toByteArray()));
        GuestFileException failure =
                catchThrowableOfType(GuestFileException.class, () -> await(unpack(archive, "/tmp/into")));
        assertThat(failure.reason()).isEqualTo(reason);
        assertThat(failure).hasMessageContaining(entries[entries.length - 1].getName());
    }

    @Test
    void anArchiveThatIsCutOffFailsWithoutHalfAFile() {
        shell("mkdir /tmp/one /tmp/cut; head -c 300000 /dev/urandom > /tmp/one/file; echo old > /tmp/cut/file");
        ByteString inTheMidst = archive("/tmp/one").take(200_000);
        GuestFileException failure = catchThrowableOfType(
                GuestFileException.class, () -> await(unpack(Source.single(inTheMidst), "/tmp/cut")));
        assertThat(failure.reason()).isEqualTo("BAD_ARCHIVE");
        assertThat(shell("cd /tmp/cut; ls -A; wc -c < file")).isEqualTo("file\n4\n");
        // Without its end.
        ByteString whole = archive("/tmp/tree");
        failure = catchThrowableOfType(
                GuestFileException.class, () -> await(unpack(Source.single(whole.dropRight(1024 + 512)), "/tmp/cut")));
        assertThat(failure.reason()).isEqualTo("BAD_ARCHIVE");
        Source<ByteString, ?> failing = Source.single(whole.take(whole.size() / 2))
                .concat(Source.failed(new IllegalStateException("the source broke")));
        assertThatThrownBy(() -> await(unpack(failing, "/tmp/half"))).hasMessage("the source broke");
        // Files are there whole or not at all.
        assertThat(shell("mkdir -p /tmp/half; cd /tmp/half; find . -name '.vmette*'; "
                        + "find . -type f | while read -r f; do cmp -s \"$f\" \"/tmp/tree/$f\" || echo \"$f\"; done"))
                .isEmpty();
    }
}
