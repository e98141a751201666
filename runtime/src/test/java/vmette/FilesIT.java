package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import akka.Done;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.errors.GuestFileException;
import vmette.errors.InvalidConfigException;
import vmette.errors.Status;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.files.FileEntry;
import vmette.files.FileKind;
import vmette.files.GuestFiles;
import vmette.files.WriteMode;

/** Single files of a real VM; trees are {@link FileTreesIT}'s. */
class FilesIT {
    private static final int MIB = 1 << 20;

    private static Vmette vmette;
    private static VmHandle vm;
    private static GuestFiles files;

    @BeforeAll
    static void boot() {
        vmette = Vmette.create();
        vm = await(vmette.launch(VmSpec.builder().memoryMib(256).build()));
        files = vm.files();
        assertThat(shell("mkdir /tmp/small && mount -t tmpfs -o size=1m none /tmp/small"
                        + " && mkdir /tmp/fixed && mount -t tmpfs -o ro none /tmp/fixed"))
                .isEmpty();
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

    private static Done write(String path, String text) {
        return await(Source.single(ByteString.fromString(text)).runWith(files.write(path, 0644), vmette.system()));
    }

    private static String read(String path) {
        return await(Guests.text(vmette, files.read(path)));
    }

    private static GuestFileException failureOf(ThrowingCallable operation) {
        Throwable failure = Assertions.catchThrowable(operation);
        assertThat(failure).isInstanceOf(GuestFileException.class);
        assertThat(((GuestFileException) failure).status()).isEqualTo(Status.IO);
        return (GuestFileException) failure;
    }

    /** @param doing what the message says could not be done: the operation in words, and its path */
    private static void assertErrno(ThrowingCallable operation, String doing, String errno) {
        GuestFileException failure = failureOf(operation);
        assertThat(failure.reason()).isEqualTo(errno);
        assertThat(failure.errno()).isPositive();
        assertThat(doing).endsWith(" " + failure.path());
        assertThat(failure)
                .hasMessageStartingWith("cannot " + doing + " in VM " + vm.name() + ": ")
                .hasMessageContaining("(" + errno + ")");
    }

    @Test
    void aFileIsWrittenReadAndTold() {
        write("/tmp/hello", "hello\n");
        assertThat(read("/tmp/hello")).isEqualTo("hello\n");
        FileEntry entry = await(files.stat("/tmp/hello"));
        assertThat(entry.name()).isEqualTo("hello");
        assertThat(entry.kind()).isEqualTo(FileKind.FILE);
        assertThat(entry.mode()).isEqualTo(0644);
        assertThat(entry.size()).isEqualTo(6);
        assertThat(entry.uid()).isZero();
        assertThat(entry.links()).isEqualTo(1);
        assertThat(entry.modified()).isBetween(Instant.EPOCH, Instant.now().plusSeconds(86_400));
        assertThat(shell("cat /tmp/hello; stat -c %a /tmp/hello")).isEqualTo("hello\n644\n");
    }

    @Test
    void everyErrorIsAnErrno() {
        write("/tmp/plain", "x");
        assertErrno(() -> read("/no/such/file"), "read /no/such/file", "ENOENT");
        assertErrno(() -> read("/tmp/plain/below"), "read /tmp/plain/below", "ENOTDIR");
        assertErrno(() -> read("/tmp"), "read /tmp", "EISDIR");
        assertErrno(() -> write("/no/such/file", "x"), "write /no/such/file", "ENOENT");
        assertErrno(() -> write("/tmp", "x"), "write /tmp", "EISDIR");
        assertErrno(() -> write("/tmp/fixed/file", "x"), "write /tmp/fixed/file", "EROFS");
        assertErrno(
                () -> await(files.mkdir("/tmp/fixed/directory", 0755)),
                "make the directory /tmp/fixed/directory",
                "EROFS");
        assertErrno(() -> await(files.mkdir("/tmp", 0755)), "make the directory /tmp", "EEXIST");
        assertErrno(() -> await(files.remove("/tmp")), "remove /tmp", "EBUSY");
        assertErrno(() -> await(files.removeTree("/")), "remove /", "EBUSY");
        assertErrno(() -> await(files.stat("/no/such/file")), "stat /no/such/file", "ENOENT");
        assertErrno(() -> await(files.remove("/no/such/file")), "remove /no/such/file", "ENOENT");
        assertErrno(
                () -> await(files.list("/tmp/plain").runWith(Sink.seq(), vmette.system())),
                "list /tmp/plain",
                "ENOTDIR");
        assertErrno(() -> read("/tmp/" + "n".repeat(300)), "read /tmp/" + "n".repeat(300), "ENAMETOOLONG");
        assertErrno(
                () -> await(Guests.ignore(vmette, files.readTree("/no/such/tree"))),
                "read the tree /no/such/tree",
                "ENOENT");
        // The path of a tree's failure is the guest's to say.
        assertThat(failureOf(() -> await(files.mkdirs("/tmp/plain/a/b", 0755))))
                .hasMessageStartingWith("cannot make the directory /tmp/plain/a/b in VM ")
                .hasMessageContaining("(ENOTDIR)")
                .hasMessageContaining("the guest says: /tmp/plain");
    }

    @Test
    void badPathsAreRefusedBeforeAnythingStarts() {
        assertThatThrownBy(() -> files.read("relative")).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> files.stat("/a\0b")).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> files.write("/tmp/x", 010000)).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> files.read("/tmp/x", -1, 0)).isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void aFullFileSystemIsToldAndNothingStays() {
        CompletionStage<Done> written =
                Guests.randomBytes(1, 2 * MIB).runWith(files.write("/tmp/small/large", 0644), vmette.system());
        assertErrno(() -> await(written), "write /tmp/small/large", "ENOSPC");
        assertThat(shell("ls -A /tmp/small; df /tmp/small | tail -n 1 | awk '{print $3}'"))
                .isEqualTo("0\n");
    }

    @Test
    void aWriteWhoseSourceFailsLeavesTheOldContent() {
        write("/tmp/kept", "old");
        Source<ByteString, ?> failing =
                Guests.randomBytes(2, 3 * MIB).concat(Source.failed(new IllegalStateException("the source broke")));
        CompletionStage<Done> written = failing.runWith(files.write("/tmp/kept", 0644), vmette.system());
        assertThatThrownBy(() -> await(written)).hasMessage("the source broke");
        assertThat(read("/tmp/kept")).isEqualTo("old");
        assertThat(shell("ls -A /tmp | grep -c vmette- || true")).isEqualTo("0\n");
    }

    @Test
    void aReadThatIsCancelledEndsInTheGuest() {
        var first = files.read("/dev/zero").toMat(Sink.head(), Keep.both()).run(vmette.system());
        assertThat(await(first.second()).size()).isPositive();
        assertThatThrownBy(() -> await(first.first())).isInstanceOf(CancellationException.class);
        awaitNoAgentChild();
    }

    /** The agent's built-ins bear its name; only PID 1 is to be left. */
    private static void awaitNoAgentChild() {
        shell(
                "for i in $(seq 600); do [ \"$(ps | grep -c '[/]vmette/agent')\" -le 1 ] && exit 0; usleep 100000; done; ps; exit 1");
    }

    @Test
    void aReadThatNobodyAsksForStandsStill() {
        shell("head -c 67108864 /dev/zero > /tmp/large");
        var queue = files.read("/tmp/large").toMat(Sink.queue(1), Keep.right()).run(vmette.system());
        assertThat(await(queue.pull())).isPresent();
        // The child stops in write(2) with most of the file before it, and other operations go on.
        String position =
                "for p in /proc/[0-9]*; do [ \"$(readlink $p/fd/3)\" = /tmp/large ] && cat $p/fdinfo/3; done | awk '/^pos/{print $2}'";
        long before = Long.parseLong(shell(position).strip());
        write("/tmp/meanwhile", "other");
        assertThat(read("/tmp/meanwhile")).isEqualTo("other");
        assertThat(before).isBetween(1L, 16L * MIB);
        assertThat(Long.parseLong(shell(position).strip())).isBetween(before, 16L * MIB);
        long rest = 0;
        for (var next = await(queue.pull()); next.isPresent(); next = await(queue.pull())) {
            rest += next.get().size();
        }
        assertThat(rest).isBetween(67108864L - MIB, 67108864L);
        shell("rm /tmp/large");
    }

    @Test
    void aPartIsRead() {
        write("/tmp/alphabet", "abcdefghijklmnopqrstuvwxyz");
        assertThat(await(Guests.text(vmette, files.read("/tmp/alphabet", 3, 4))))
                .isEqualTo("defg");
        assertThat(await(Guests.text(vmette, files.read("/tmp/alphabet", 24, 99))))
                .isEqualTo("yz");
        assertThat(await(Guests.text(vmette, files.read("/tmp/alphabet", 99, 1))))
                .isEmpty();
    }

    @Test
    void aSourceCanBeRunAgain() {
        write("/tmp/twice", "1");
        Source<ByteString, CompletionStage<Done>> source = files.read("/tmp/twice");
        assertThat(await(Guests.text(vmette, source))).isEqualTo("1");
        write("/tmp/twice", "2");
        assertThat(await(Guests.text(vmette, source))).isEqualTo("2");
    }

    @Test
    void theWaysToWrite() {
        Sink<ByteString, CompletionStage<Done>> create = files.write("/tmp/ways", 0600, WriteMode.CREATE);
        await(Source.single(ByteString.fromString("a")).runWith(create, vmette.system()));
        assertErrno(
                () -> await(Source.single(ByteString.fromString("b")).runWith(create, vmette.system())),
                "write /tmp/ways",
                "EEXIST");
        Sink<ByteString, CompletionStage<Done>> append = files.write("/tmp/ways", 0644, WriteMode.APPEND);
        await(Source.single(ByteString.fromString("c")).runWith(append, vmette.system()));
        assertThat(read("/tmp/ways")).isEqualTo("ac");
        assertThat(await(files.stat("/tmp/ways")).mode()).isEqualTo(0600);
        Sink<ByteString, CompletionStage<Done>> inPlace = files.write("/tmp/ways", 0644, WriteMode.IN_PLACE);
        await(Source.<ByteString>empty().runWith(inPlace, vmette.system()));
        assertThat(read("/tmp/ways")).isEmpty();
        write("/proc/sys/kernel/hostname", "renamed");
        assertThat(read("/proc/sys/kernel/hostname")).isEqualTo("renamed\n");
    }

    @Test
    void directoriesAreMadeListedAndRemoved() {
        await(files.mkdir("/tmp/dir", 01750));
        await(files.mkdirs("/tmp/dir/a/b", 0700));
        write("/tmp/dir/file", "12345");
        shell("cd /tmp/dir; ln -s file link; mkfifo pipe; mknod null c 1 3; touch \"$(printf 'odd\\377')\"");
        List<FileEntry> entries = await(files.list("/tmp/dir").runWith(Sink.seq(), vmette.system()));
        assertThat(entries)
                .extracting(FileEntry::name, FileEntry::kind)
                .containsExactlyInAnyOrder(
                        tuple("a", FileKind.DIRECTORY),
                        tuple("file", FileKind.FILE),
                        tuple("link", FileKind.SYMBOLIC_LINK),
                        tuple("pipe", FileKind.PIPE),
                        tuple("null", FileKind.CHARACTER_DEVICE),
                        tuple("odd\udcff", FileKind.FILE));
        assertThat(await(files.stat("/tmp/dir")).mode()).isEqualTo(01750);
        assertThat(await(files.stat("/tmp/dir/link")).kind()).isEqualTo(FileKind.FILE);
        assertThat(await(files.statLink("/tmp/dir/link")).target()).contains("file");
        assertThat(await(files.stat("/tmp/dir/null")).deviceMinor()).isEqualTo(3);
        assertThat(await(files.stat("/tmp/dir/odd\udcff")).name()).isEqualTo("odd\udcff");
        assertErrno(() -> await(files.remove("/tmp/dir")), "remove /tmp/dir", "ENOTEMPTY");
        await(files.remove("/tmp/dir/odd\udcff"));
        await(files.removeTree("/tmp/dir"));
        assertErrno(() -> await(files.stat("/tmp/dir")), "stat /tmp/dir", "ENOENT");
    }

    @Test
    void aLargeFileComesBackUnchanged() {
        int size = 64 * MIB;
        await(Guests.randomBytes(7, size).runWith(files.write("/tmp/random", 0640), vmette.system()));
        String expected = Guests.sha256Of(vmette, Guests.randomBytes(7, size));
        assertThat(shell("sha256sum < /tmp/random")).startsWith(expected);
        assertThat(Guests.sha256Of(vmette, files.read("/tmp/random"))).isEqualTo(expected);
        await(files.remove("/tmp/random"));
    }

    @Test
    void theVmsEndFailsWhatIsUnderWay() {
        VmHandle other = await(vmette.launch(VmSpec.builder().memoryMib(128).build()));
        CompletionStage<Done> endless = Guests.ignore(vmette, other.files().read("/dev/zero"));
        CompletionStage<Done> unfinished =
                Source.<ByteString>maybe().runWith(other.files().write("/tmp/x", 0644), vmette.system());
        assertThat(await(other.files().stat("/")).isDirectory()).isTrue();
        await(other.stop());
        assertThatThrownBy(() -> await(endless)).isInstanceOf(VmetteException.class);
        assertThatThrownBy(() -> await(unfinished)).isInstanceOf(VmetteException.class);
        assertThatThrownBy(() -> await(other.files().stat("/"))).isInstanceOf(VmLostException.class);
    }
}
