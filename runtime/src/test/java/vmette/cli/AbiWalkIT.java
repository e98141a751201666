package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.HostRoots.everything;
import static vmette.HostRoots.host;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import vmette.ExitStatus;
import vmette.NetworkHost;
import vmette.RunStreams;
import vmette.Vmette;
import vmette.config.RuntimeSettings;
import vmette.config.Share;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.machine.TestCertificates;
import vmette.rootfs.providers.oci.DockerRegistry;
import vmette.rootfs.providers.oci.TestImages;

/**
 * What the seed's interface can say, and some of what came to it, said on the command line, in a configuration file and by the Java API, of a
 * real Debian: a directory of mmdebstrap's and an image of a registry. Its network is that of {@link NetworkHost}.
 */
class AbiWalkIT {
    /** How a row is said, and of which root. */
    enum Door {
        OPTIONS,
        FILE,
        API
    }

    /**
     * One row, or some that go together. In all but the command {@code {dir}} stands for the sandbox, {@code {root}} for a root.
     *
     * @param options of the command line
     * @param file what says the same in the section {@code vmette.vm}
     * @param api what says the same
     * @param command run in the guest
     * @param expected what it writes to standard output and standard error
     */
    private record Row(
            String name,
            List<String> options,
            String file,
            UnaryOperator<VmSpecBuilder> api,
            String command,
            int code,
            String expected) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final boolean ALL = Boolean.getBoolean("vmette.full");

    @TempDir
    private static Path outside;

    private static Sandbox sandbox;
    private static Path tree;
    private static Map<String, String> treeBefore;
    private static DockerRegistry registry;
    private static String image;

    @BeforeAll
    static void prepare() throws Exception {
        sandbox = Caches.sandbox();
        tree = DebianRoot.unpack(outside.resolve("debian"));
        treeBefore = everything(tree);
        registry = DockerRegistry.locked(outside);
        new TestImages(registry.host(), DockerRegistry.BASIC)
                .pushImage(
                        "team/debian",
                        "12",
                        "{\"Env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"COLOUR=blue\"]}",
                        new TestImages.Blob(
                                Files.readAllBytes(DebianRoot.archive()), "application/vnd.oci.image.layer.v1.tar"));
        image = "oci://" + registry.host() + "/team/debian:12";
        // As docker login leaves it.
        Path login = Files.createDirectories(outside.resolve("login"));
        Files.writeString(
                login.resolve("config.json"),
                "{\"auths\":{\"" + registry.host() + "\":{\"auth\":\""
                        + DockerRegistry.BASIC.substring("Basic ".length()) + "\"}}}");
        Path work = Files.createDirectory(sandbox.directory().resolve("work"));
        Files.writeString(work.resolve("page"), "a page\n");
        Files.writeString(
                Files.createDirectory(sandbox.directory().resolve("docs")).resolve("page"), "read only\n");
        Files.write(sandbox.directory().resolve("one.img"), new byte[1 << 20]);
        Files.write(sandbox.directory().resolve("two.img"), new byte[2 << 20]);
        host(
                "cp",
                Caches.kernel().toString(),
                sandbox.directory().resolve("kernel").toString());
        host(
                "cp",
                "-r",
                Caches.modules().toString(),
                sandbox.directory().resolve("modules").toString());
        Files.writeString(
                Files.createDirectory(sandbox.directory().resolve("certificates"))
                        .resolve("company.crt"),
                TestCertificates.authority("CN=Ours").pem());
        Path passt = NetworkHost.passt(Files.createDirectory(sandbox.directory().resolve("net")), settings());
        Files.writeString(sandbox.config(), "vmette.net.passt = \"" + passt + "\"\n", StandardOpenOption.APPEND);
        // The agent that is appended to it is all there is.
        Files.writeString(
                sandbox.directory().resolve("empty.cpio"), FailuresIT.EMPTY_ARCHIVE, StandardCharsets.US_ASCII);
    }

    @AfterAll
    static void close() throws IOException {
        if (registry != null) {
            registry.close();
        }
        sandbox.close();
    }

    @BeforeEach
    void freshShares() throws IOException {
        Files.deleteIfExists(sandbox.directory().resolve("work/answer"));
    }

    @AfterEach
    void nothingIsLeftAndTheRootsAreAsTheyWere() throws Exception {
        sandbox.assertNothingLeft();
        assertThat(sandbox.directory().resolve("cache/scratch"))
                .satisfiesAnyOf(scratches -> assertThat(scratches).doesNotExist(), scratches -> assertThat(scratches)
                        .isEmptyDirectory());
        assertThat(everything(tree)).isEqualTo(treeBefore);
    }

    private static RuntimeSettings settings() {
        return RuntimeSettings.from(
                ConfigFactory.parseFile(sandbox.config().toFile()).withFallback(ConfigFactory.load()));
    }

    private static Path in(String name) {
        return sandbox.directory().resolve(name);
    }

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        rows.add(
                new Row(
                        "memory, vcpus, cmdline, env",
                        List.of(
                                "--mem-mib",
                                "320",
                                "--vcpus",
                                "2",
                                "--cmdline",
                                "quiet probe.word=1",
                                "--env",
                                "COLOUR=deep red"),
                        "memory = 320MiB, vcpus = 2, cmdline = \"quiet probe.word=1\", env { COLOUR = deep red }",
                        b -> b.memoryMib(320)
                                .vcpus(2)
                                .cmdline("quiet probe.word=1")
                                .env("COLOUR", "deep red"),
                        ". /etc/os-release; echo $ID; nproc; grep -o probe.word=1 /proc/cmdline; echo $COLOUR; echo $PATH;"
                                + " awk '/MemTotal/ { print ($2 > 220 * 1024 && $2 <= 320 * 1024) }' /proc/meminfo",
                        0,
                        "debian\n2\nprobe.word=1\ndeep red\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n1\n"));
        rows.add(new Row(
                "kernel, modules, initramfs",
                List.of("--kernel", "{dir}/kernel", "--modules", "{dir}/modules", "--initramfs", "{dir}/empty.cpio"),
                "kernel = \"{dir}/kernel\", modules = \"{dir}/modules\", initramfs = \"{dir}/empty.cpio\"",
                b -> b.kernel(in("kernel")).modules(in("modules")).initramfs(in("empty.cpio")),
                ". /etc/os-release; echo $ID; uname -s; exit 42",
                42,
                "debian\nLinux\n"));
        rows.add(new Row(
                "read-only root",
                List.of("--rootfs-ro"),
                "rootfs-read-only = true",
                b -> b.rootfsReadOnly(true),
                "touch /foo; touch /tmp/x /run/x && echo written; exit 7",
                7,
                "touch: cannot touch '/foo': Read-only file system\nwritten\n"));
        rows.add(new Row(
                "writable root",
                List.of(),
                "",
                b -> b,
                "touch /foo /etc/hostname && rm /etc/os-release && echo changed > /etc/debian_version && cat /etc/debian_version",
                0,
                "changed\n"));
        rows.add(
                new Row(
                        "switch-root",
                        List.of("--switch-root"),
                        "switch-root = true",
                        b -> b.switchRoot(true),
                        "readlink /proc/self/root /proc/1/root; stat -Lc %d:%i / /proc/1/root/ | uniq | wc -l; . /proc/1/root/etc/os-release;"
                                + " echo $ID; cut -d' ' -f2 /proc/mounts | sort | tr '\\n' ' '; ls -d /proc/1/root/vmette",
                        2,
                        "/\n/\n1\ndebian\n/ /dev /dev/pts /dev/shm /proc /run /sys /tmp ls: cannot access '/proc/1/root/vmette': No such file or directory\n"));
        rows.add(new Row(
                "shares, disks",
                List.of(
                        "--share",
                        "work={dir}/work",
                        "--share-ro",
                        "docs={dir}/docs",
                        "--disk",
                        "{dir}/one.img",
                        "--disk",
                        "{dir}/two.img"),
                "shares = [\"work={dir}/work\"], shares-read-only = [\"docs={dir}/docs\"], disks = [\"{dir}/one.img\", \"{dir}/two.img\"]",
                b -> b.share("work", in("work"))
                        .share(new Share("docs", in("docs"), true))
                        .disk(in("one.img"))
                        .disk(in("two.img")),
                "cat /mnt/work/page /mnt/docs/page; echo answer > /mnt/work/answer; touch /mnt/docs/x;"
                        + " blockdev --getsize64 /dev/vda /dev/vdb",
                0,
                "a page\nread only\ntouch: cannot touch '/mnt/docs/x': Read-only file system\n1048576\n2097152\n"));
        rows.add(new Row(
                "scratch",
                List.of("--scratch", "1G"),
                "scratch = 1GiB",
                b -> b.scratchMib(1024),
                "dd if=/dev/zero of=/big bs=1M count=700 status=none && sync && stat -c %s /big && df --output=source /tmp | tail -1",
                0,
                "734003200\n{scratch}\n"));
        rows.add(new Row(
                "timeout",
                List.of("--timeout", "5"),
                "timeout = 5s",
                b -> b.timeout(Duration.ofSeconds(5)),
                "sleep 1000",
                124,
                ""));
        rows.add(new Row(
                "vsock-port",
                List.of("--vsock-port", "0"),
                "vsock-port = 0",
                b -> b.vsockPort(0),
                "[ $VMETTE_VSOCK_PORT -ge 50000 ] && [ $VMETTE_VSOCK_PORT -le 59999 ] && echo ping | vsock-send $VMETTE_VSOCK_PORT",
                0,
                "ping\n"));
        rows.add(new Row(
                "no vsock-port",
                List.of("--vsock-port", "-1"),
                "vsock-port = -1",
                b -> b.vsockPort(-1),
                "id -u; echo \"[$VMETTE_VSOCK_PORT]\"; for port in 0 1 22 1023 1024 1025 1026 5000 50000 51234 59999 60000 4294967294;"
                        + " do vsock-send $port </dev/null 2>&1; done | grep -c 'reset by peer'",
                0,
                "0\n[]\n13\n"));
        rows.add(
                new Row(
                        "network, certificates",
                        List.of("--net", "--ca-certs", "{dir}/certificates"),
                        "net = true, ca-certs = \"{dir}/certificates\"",
                        b -> b.net(true).caCerts(in("certificates")),
                        "hostname -I; cat /etc/resolv.conf; " + fetch(NetworkHost.OUTSIDE, 60) + "; "
                                + fetch("10.0.2.2", 5)
                                + "; openssl verify /usr/local/share/ca-certificates/vmette-1.crt",
                        0,
                        "10.0.2.15 \nnameserver 10.0.2.3\nfrom out\nnothing\n/usr/local/share/ca-certificates/vmette-1.crt: OK\n"));
        rows.add(new Row(
                "the host's loopback, image of a directory",
                List.of("--net", "--net-host-loopback", "--rootfs-image"),
                "net = true, net-host-loopback = true, rootfs-image = true",
                b -> b.net(true).netHostLoopback(true).rootfsImage(true),
                fetch("10.0.2.2", 60) + "; . /etc/os-release; echo $ID; ls /sys/block | grep vd",
                0,
                "from lo\ndebian\nvda\n"));
        return rows;
    }

    /** What is refused may be so by no answer at all. */
    private static String fetch(String address, int seconds) {
        return "timeout " + seconds + " bash -c 'exec 3<>/dev/tcp/" + address
                + "/8080 && printf \"GET / HTTP/1.0\\r\\n\\r\\n\" >&3 && tail -n 1 <&3' 2>/dev/null || echo nothing";
    }

    /** Each row by every door where there is time for it, else by one of them, each door having its third of the rows. */
    static Stream<Arguments> doors() {
        List<Row> rows = rows();
        Door[] doors = Door.values();
        return IntStream.range(0, rows.size()).boxed().flatMap(i -> Arrays.stream(doors)
                .filter(door -> ALL || door == doors[i % doors.length])
                .map(door -> Arguments.of(rows.get(i), door)));
    }

    @ParameterizedTest(name = "{0} by {1}")
    @MethodSource("doors")
    void aRowMeansTheSameByEveryDoor(Row row, Door door) throws Exception {
        Launched.Result result =
                switch (door) {
                    case OPTIONS -> byOptions(row, tree.toString());
                    case FILE -> byFile(row, image);
                    case API -> byApi(row, tree);
                };
        // The scratch disk comes after the root's where that is one.
        String expected = row.expected().replace("{scratch}", door == Door.FILE ? "/dev/vdb" : "/dev/vda");
        assertThat(result.stdout() + result.stderr()).isEqualTo(expected);
        assertThat(result.code()).isEqualTo(row.code());
        if (row.name().startsWith("shares")) {
            assertThat(in("work/answer")).hasContent("answer\n");
        }
    }

    private static Launched.Result byOptions(Row row, String root) {
        List<String> arguments = new ArrayList<>(List.of("run", "--quiet", "--rootfs", root));
        row.options().forEach(option -> arguments.add(sandbox.resolved(option)));
        arguments.addAll(List.of("--exec", merged(row)));
        return Launched.run(sandbox, arguments.toArray(String[]::new));
    }

    private static Launched.Result byFile(Row row, String root) throws IOException {
        Files.writeString(
                in("row.conf"),
                "include \"vmette.conf\"\nvmette.vm { rootfs = \"" + root + "\", exec = "
                        + ConfigUtil.quoteString(merged(row)) + ", " + sandbox.resolved(row.file()) + " }\n");
        return Launched.start(
                        sandbox,
                        Map.of("DOCKER_CONFIG", outside.resolve("login").toString()),
                        new byte[0],
                        "run",
                        "--config",
                        in("row.conf").toString(),
                        "--quiet")
                .result();
    }

    private static Launched.Result byApi(Row row, Path root) throws Exception {
        try (Vmette vmette = Vmette.create(settings(), said -> {})) {
            CompletableFuture<String> out = new CompletableFuture<>();
            CompletableFuture<String> err = new CompletableFuture<>();
            VmSpec spec = row.api()
                    .apply(VmSpec.builder().rootfs(root).exec(merged(row)))
                    .build();
            ExitStatus status = vmette.run(spec, new RunStreams(Source.empty(), text(out), text(err)))
                    .toCompletableFuture()
                    .get(Sandbox.DEADLINE_SECONDS, TimeUnit.SECONDS);
            return new Launched.Result(
                    status.code(),
                    out.get(Sandbox.DEADLINE_SECONDS, TimeUnit.SECONDS),
                    err.get(Sandbox.DEADLINE_SECONDS, TimeUnit.SECONDS));
        }
    }

    /** Both outputs in one, in their order. */
    private static String merged(Row row) {
        return "exec 2>&1; " + row.command();
    }

    /** Without what came before the end of a VM that was stopped under its command. */
    private static Sink<ByteString, CompletionStage<Boolean>> text(CompletableFuture<String> to) {
        return Sink.<ByteString, ByteString>fold(ByteString.emptyByteString(), ByteString::concat)
                .mapMaterializedValue(done ->
                        done.handle((bytes, failure) -> to.complete(failure == null ? bytes.utf8String() : "")));
    }
}
