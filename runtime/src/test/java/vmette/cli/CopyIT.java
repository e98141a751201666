package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import vmette.cli.Launched.Result;

/**
 * {@code vmette cp} as a process beside a run with a name. {@code -Dvmette.copy.mib} and {@code -Dvmette.copy.files} make more of it: 500 and
 * 10000 need {@code -Dvmette.copy.memory=1536}.
 */
class CopyIT {
    private static final int MIB = Integer.getInteger("vmette.copy.mib", 24);
    private static final int FILES = Integer.getInteger("vmette.copy.files", 400);
    private static final int MEMORY = Integer.getInteger("vmette.copy.memory", 256);

    private Sandbox sandbox;
    private Path here;
    private Launched run;

    @BeforeEach
    void startVm() throws IOException {
        sandbox = Sandbox.create("");
        here = Files.createDirectory(sandbox.directory().resolve("here"));
        // It ends when somebody copies /tmp/over into it.
        run = Launched.start(
                sandbox,
                "run",
                "--quiet",
                "--name",
                "web",
                "--mem-mib",
                Integer.toString(MEMORY),
                "--exec",
                "echo up; until [ -e /tmp/over ]; do usleep 50000; done; sh /tmp/over");
        run.awaitOutput("up\n");
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        try {
            Path over = Files.writeString(sandbox.directory().resolve("over"), "exit 0");
            Launched.run(sandbox, "cp", over.toString(), "web:/tmp/over");
            run.result();
            sandbox.assertNothingLeft();
        } finally {
            sandbox.close();
        }
    }

    private Result cp(String... arguments) {
        return Launched.run(
                sandbox, Stream.concat(Stream.of("cp"), Stream.of(arguments)).toArray(String[]::new));
    }

    private void copied(Path from, String to) {
        copied(from.toString(), to);
    }

    private void copied(String from, String to) {
        Result result = cp(from, to);
        assertThat(result.stderr()).isEmpty();
        assertThat(result.stdout()).isEmpty();
        assertThat(result.code()).isZero();
    }

    private void assertFails(int code, String message, String... arguments) {
        Result result = cp(arguments);
        assertThat(result.stderr()).startsWith("vmette: " + message);
        assertThat(result.code()).isEqualTo(code);
    }

    private Path random(String name, long size) throws IOException {
        Path file = here.resolve(name);
        Random random = new Random(size);
        byte[] chunk = new byte[1 << 20];
        try (OutputStream out = Files.newOutputStream(file)) {
            for (long left = size; left > 0; left -= chunk.length) {
                random.nextBytes(chunk);
                out.write(chunk, 0, (int) Math.min(left, chunk.length));
            }
        }
        return file;
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
            in.transferTo(OutputStream.nullOutputStream());
            return HexFormat.of()
                    .formatHex(((DigestInputStream) in).getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    @Timeout(1200)
    void aLargeFileGoesBothWays() throws IOException {
        Path file = random("large", (long) MIB << 20);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));
        copied(file, "web:/tmp");
        copied("web:/tmp/large", here.resolve("back").toString());
        assertThat(sha256(here.resolve("back"))).isEqualTo(sha256(file));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(here.resolve("back"))))
                .isEqualTo("rwxr-x---");
    }

    private Path tree() throws IOException {
        Path tree = Files.createDirectory(here.resolve("tree"));
        for (int i = 0; i < FILES; i++) {
            Path directory = tree.resolve("d" + i / 100);
            Files.createDirectories(directory);
            Path file = Files.writeString(directory.resolve("file" + i), "content " + i + "\n".repeat(i % 700));
            String mode = i % 3 == 0 ? "rwxr-xr-x" : i % 3 == 1 ? "rw-r-----" : "rw-r--r--";
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
            if (i % 10 == 0) {
                Files.createLink(directory.resolve("hard" + i), file);
            } else if (i % 10 == 1) {
                Files.createSymbolicLink(directory.resolve("soft" + i), Path.of("../d0/file0"));
            }
        }
        Files.createDirectories(tree.resolve("empty/" + "n".repeat(150) + "/" + "m".repeat(150)));
        Files.setPosixFilePermissions(tree.resolve("empty"), PosixFilePermissions.fromString("rwx------"));
        return tree;
    }

    /** Names, modes, times, links and contents. */
    private static Map<String, String> told(Path tree) throws IOException {
        Map<String, String> told = new TreeMap<>();
        try (Stream<Path> found = Files.walk(tree, new FileVisitOption[0])) {
            for (Path each : found.toList()) {
                Map<String, Object> is = Files.readAttributes(each, "unix:mode,nlink", LinkOption.NOFOLLOW_LINKS);
                String text = Integer.toOctalString((Integer) is.get("mode"));
                if (Files.isSymbolicLink(each)) {
                    text += Files.readSymbolicLink(each);
                } else {
                    text += " " + Files.getLastModifiedTime(each).toMillis() / 1000;
                    text += Files.isDirectory(each) ? "" : " " + is.get("nlink") + " " + sha256(each);
                }
                told.put(tree.relativize(each).toString(), text);
            }
        }
        return told;
    }

    @Test
    @Timeout(1200)
    void aTreeGoesBothWays() throws IOException {
        Path tree = tree();
        copied(tree, "web:/tmp/there");
        copied("web:/tmp/there", here.resolve("back").toString());
        assertThat(told(here.resolve("back"))).isEqualTo(told(tree)).hasSizeGreaterThan(FILES);
        // Into a directory that is there, as that directory's content, and over what is there.
        copied(tree, "web:/tmp");
        copied(tree + "/.", "web:/tmp/there");
        copied("web:/tmp/tree", here.resolve("back").toString());
        copied("web:/tmp/there/.", here.resolve("back").toString());
        assertThat(told(here.resolve("back/tree"))).isEqualTo(told(tree));
    }

    @Test
    void whereToIsAsWithCp() throws IOException {
        Path file = Files.writeString(here.resolve("file"), "one");
        copied(file, "web:/tmp/");
        copied("web:/tmp/file", here.resolve("back").toString());
        assertThat(here.resolve("back")).hasContent("one");
        Path directory = Files.createDirectory(here.resolve("directory"));
        copied("web:/tmp/file", directory.toString());
        assertThat(directory.resolve("file")).hasContent("one");
        assertFails(
                1,
                "cannot copy " + file + " to web:/tmp/new/: there is no such directory",
                file.toString(),
                "web:/tmp/new/");
        assertFails(
                1,
                "cannot copy the directory " + directory + " over the file web:/tmp/file",
                directory.toString(),
                "web:/tmp/file");
        assertFails(1, "cannot copy the directory web:/tmp over the file " + file, "web:/tmp", file.toString());
        assertFails(
                1,
                "cannot write /no/such/place in VM web: no such file or directory (ENOENT)",
                file.toString(),
                "web:/no/such/place");
        assertFails(
                1,
                "cannot copy web:/no/such: there is no such file or directory in VM web",
                "web:/no/such",
                here.toString());
        assertFails(1, "cannot copy " + here + "/none: there is no such file or directory", here + "/none", "web:/tmp");
        assertFails(1, "no VM named other is running: there is web", file.toString(), "other:/tmp");
        assertFails(1, "cannot copy /no/such/place", "web:/tmp/file", "/no/such/place");
        assertFails(2, "one of SRC and DST is in a VM", "a", "b");
        // What a guest has that is no file is left out, and said so.
        assertThat(cp("web:/dev", here.resolve("dev").toString()))
                .satisfies(result -> assertThat(result.code()).isEqualTo(1))
                .satisfies(result -> assertThat(result.stderr()).startsWith("vmette: left out ./"));
        assertThat(here.resolve("dev/null")).doesNotExist();
    }

    @Test
    void aSecondVmOfTheNameIsRefused() {
        Result second = Launched.run(sandbox, "run", "--quiet", "--name", "web", "--exec", "true");
        assertThat(second.code()).isEqualTo(1);
        assertThat(second.stderr())
                .isEqualTo("vmette: a VM named web is running already: choose another name, or stop that one first\n");
    }

    @Test
    void whatIsNoFileIsNotOverwritten() throws IOException {
        Path file = Files.writeString(here.resolve("some"), "text");
        copied(file, "web:/tmp/some");
        Result onto = cp("web:/tmp/some", "/dev/stdout");
        assertThat(onto.code()).isEqualTo(1);
        assertThat(onto.stdout()).isEmpty();
        assertThat(onto.stderr()).contains("cannot copy web:/tmp/some to /dev/stdout: that is no file");
    }

    @Test
    void aCopyThatIsInterruptedLeavesNothing() throws IOException {
        Path file = Files.writeString(here.resolve("file"), "old");
        copied(file, "web:/tmp/file");
        Launched download = Launched.start(
                sandbox, "cp", "web:/dev/zero", here.resolve("zero").toString());
        assertThat(Sandbox.waitFor(() -> names().anyMatch(name -> name.startsWith(".vmette-"))))
                .isTrue();
        download.signal("INT", true);
        assertThat(download.result().code()).isEqualTo(130);
        assertThat(names()).containsExactlyInAnyOrder("file");
        copied("web:/tmp/file", here.resolve("again").toString());
        assertThat(here.resolve("again")).hasContent("old");
    }

    @Test
    void aGuestThatIsFullSaysSoAndKeepsNothing() throws IOException {
        Path file = here.resolve("huge");
        try (var sparse = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(4L << 30);
        }
        assertFails(
                1, "cannot write /tmp/huge in VM web: no space left on device (ENOSPC)", file.toString(), "web:/tmp");
        assertFails(1, "cannot copy web:/tmp/huge: there is no such file", "web:/tmp/huge", here.toString());
    }

    private Stream<String> names() {
        try (Stream<Path> found = Files.list(here)) {
            return found.map(path -> path.getFileName().toString()).toList().stream();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aRunThatIsKilledLeavesNoNameBehind() throws IOException {
        run.signal("KILL", true);
        assertThat(run.result().code()).isEqualTo(137);
        sandbox.assertNothingLeft();
        Path file = Files.writeString(here.resolve("file"), "x");
        assertFails(
                1, "no VM named web is running: start one with vmette run --name NAME", file.toString(), "web:/tmp");
    }
}
