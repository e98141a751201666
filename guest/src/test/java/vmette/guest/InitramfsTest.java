package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteIoException;

class InitramfsTest {
    private record Entry(long mode, String content, long major, long minor, long time, long owner) {}

    private static final GuestAgent AGENT = GuestAgent.of("the agent".getBytes(StandardCharsets.UTF_8));

    @TempDir
    Path directory;

    private Path cache;
    private Initramfs.Busybox busybox;

    @BeforeEach
    void writeBusybox() throws IOException {
        cache = directory.resolve("cache");
        Path binary = Files.writeString(directory.resolve("busybox"), "the busybox");
        Path applets = Files.writeString(
                directory.resolve("applets"),
                "bin/busybox\nbin/sh\nbin/su\nusr/bin/id\nsbin/insmod\nusr/sbin/chroot\nlinuxrc\n../evil\nbin/\n");
        busybox = new Initramfs.Busybox(binary, applets, "busybox-1");
    }

    @Test
    void anArchiveAroundBusyboxHoldsTheAgentAndASaneSystem() throws IOException {
        Map<String, Entry> entries =
                read(Files.readAllBytes(Initramfs.cached(cache, AGENT, modules("b", "a"), busybox)));
        assertThat(entries.get("vmette/agent")).isEqualTo(new Entry(0100755, "the agent", 0, 0, 0, 0));
        assertThat(entries.get("vmette/modules.list").content())
                .isEqualTo("/vmette/modules/b.ko\n/vmette/modules/a.ko\n");
        assertThat(entries.get("vmette/modules/a.ko").content()).isEqualTo("module a");
        assertThat(entries.get("dev/console")).isEqualTo(new Entry(020600, "", 5, 1, 0, 0));
        assertThat(entries.get("bin/busybox")).isEqualTo(new Entry(0100755, "the busybox", 0, 0, 0, 0));
        for (String applet : List.of("bin/sh", "bin/su", "usr/bin/id", "sbin/insmod", "usr/sbin/chroot")) {
            assertThat(entries.get(applet)).isEqualTo(new Entry(0120777, "/bin/busybox", 0, 0, 0, 0));
        }
        assertThat(entries).doesNotContainKeys("linuxrc", "../evil", "bin/");
        assertThat(entries.get("tmp").mode()).isEqualTo(041777);
        assertThat(entries.get("etc/passwd").content())
                .contains("nobody:x:65534:65534:")
                .contains("root:x:0:0:");
        assertThat(entries.get("etc/shadow").mode()).isEqualTo(0100600);
    }

    @Test
    void everyEntryComesAfterItsDirectory() throws IOException {
        List<String> names = List.copyOf(read(Files.readAllBytes(Initramfs.cached(cache, AGENT, modules("a"), busybox)))
                .keySet());
        for (String name : names) {
            int slash = name.lastIndexOf('/');
            if (slash > 0) {
                assertThat(names.subList(0, names.indexOf(name))).contains(name.substring(0, slash));
            }
        }
    }

    @Test
    void equalInputsGiveEqualBytesUnderTheSameName() throws IOException {
        Path first = Initramfs.cached(cache, AGENT, modules("a"), busybox);
        Path second = Initramfs.cached(directory.resolve("other"), AGENT, modules("a"), busybox);
        assertThat(second).hasSameBinaryContentAs(first);
        assertThat(second.getFileName()).isEqualTo(first.getFileName());
    }

    @Test
    void anArchiveInTheCacheIsUsedWithoutReadingItsInputs() throws IOException {
        Path first = Initramfs.cached(cache, AGENT, List.of(), busybox);
        Files.delete(busybox.binary());
        assertThat(Initramfs.cached(cache, AGENT, List.of(), busybox)).isEqualTo(first);
        Files.delete(first);
        assertThatThrownBy(() -> Initramfs.cached(cache, AGENT, List.of(), busybox))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining(busybox.binary().toString());
        assertThat(left()).isEmpty();
    }

    @Test
    void anyOtherInputGivesAnotherArchive() throws IOException {
        GuestAgent other = GuestAgent.of("The agent".getBytes(StandardCharsets.UTF_8));
        assertThat(Stream.of(
                        Initramfs.cached(cache, AGENT, modules("a"), busybox),
                        Initramfs.cached(cache, other, modules("a"), busybox),
                        Initramfs.cached(cache, AGENT, modules("a", "b"), busybox),
                        Initramfs.cached(cache, AGENT, modules("b", "a"), busybox),
                        Initramfs.cached(
                                cache,
                                AGENT,
                                modules("a"),
                                new Initramfs.Busybox(busybox.binary(), busybox.applets(), "busybox-2"))))
                .doesNotHaveDuplicates();
        assertThat(left()).hasSize(5).allMatch(name -> name.endsWith(".cpio") && !name.startsWith("."));
    }

    @Test
    void ownArchiveFollowsTheUsersAtAMultipleOfFour() throws IOException {
        byte[] users = "070701 whatever: not ours to read".getBytes(StandardCharsets.US_ASCII);
        assertThat(users.length % 4).isNotZero();
        Path file = Files.write(directory.resolve("user.img"), users);
        byte[] whole =
                Files.readAllBytes(Initramfs.cached(cache, AGENT, modules("a"), new Initramfs.UserArchive(file)));
        assertThat(Arrays.copyOf(whole, users.length)).isEqualTo(users);
        int ours = (users.length + 3) / 4 * 4;
        assertThat(Arrays.copyOfRange(whole, users.length, ours)).containsOnly(0);
        assertThat(read(Arrays.copyOfRange(whole, ours, whole.length)))
                .containsOnlyKeys(
                        "vmette", "vmette/agent", "vmette/modules.list", "vmette/modules", "vmette/modules/a.ko");
    }

    @Test
    void aChangedArchiveOfTheUsersIsTakenAnew() throws IOException {
        Path file = Files.writeString(directory.resolve("user.img"), "070701 one");
        Path first = Initramfs.cached(cache, AGENT, List.of(), new Initramfs.UserArchive(file));
        Files.writeString(file, "070701 two");
        Path second = Initramfs.cached(cache, AGENT, List.of(), new Initramfs.UserArchive(file));
        assertThat(second)
                .isNotEqualTo(first)
                .content(StandardCharsets.ISO_8859_1)
                .startsWith("070701 two");
    }

    @Test
    void whatAKilledProcessHasLeftIsRemovedInTime() throws IOException {
        Path archives = Files.createDirectories(cache.resolve("initramfs"));
        Path abandoned = Files.createFile(archives.resolve(".new-1.cpio"));
        Files.setLastModifiedTime(abandoned, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
        Path beingWritten = Files.createFile(archives.resolve(".new-2.cpio"));
        Initramfs.cached(cache, AGENT, List.of(), busybox);
        assertThat(abandoned).doesNotExist();
        assertThat(beingWritten).exists();
    }

    @Test
    void whatTheKernelCouldNotUnpackIsRefused() throws IOException {
        Path text = Files.writeString(directory.resolve("text"), "hello there");
        assertThatThrownBy(() -> new Initramfs.UserArchive(text))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(text + " is not an initramfs");
        assertThatThrownBy(() -> new Initramfs.UserArchive(Files.createFile(directory.resolve("empty"))))
                .hasMessageContaining("is not an initramfs");
        assertThatThrownBy(() -> new Initramfs.UserArchive(directory)).hasMessageContaining("is a directory");
        assertThatThrownBy(() -> new Initramfs.UserArchive(directory.resolve("gone")))
                .hasMessageContaining("does not exist");
    }

    private List<KernelModule> modules(String... names) throws IOException {
        for (String name : names) {
            Files.writeString(directory.resolve(name + ".ko"), "module " + name);
        }
        return Stream.of(names)
                .map(name -> new KernelModule(name, directory.resolve(name + ".ko"), "kernel-1/" + name))
                .toList();
    }

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.list(cache.resolve("initramfs"))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private static Map<String, Entry> read(byte[] archive) throws IOException {
        Map<String, Entry> entries = new LinkedHashMap<>();
        try (CpioArchiveInputStream in = new CpioArchiveInputStream(new ByteArrayInputStream(archive))) {
            for (CpioArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                String content = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                Entry before = entries.put(
                        entry.getName(),
                        new Entry(
                                entry.getMode(),
                                content,
                                entry.getRemoteDeviceMaj(),
                                entry.getRemoteDeviceMin(),
                                entry.getTime(),
                                entry.getUID() + entry.getGID()));
                assertThat(before).as("%s once only", entry.getName()).isNull();
            }
        }
        return entries;
    }
}
