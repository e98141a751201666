package vmette.rootfs.providers.oci;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import vmette.process.Executables;

/** A real registry (Debian's docker-registry) on a free port of the loopback address. It dies with the JVM at the latest. */
public final class DockerRegistry implements AutoCloseable {
    public static final String USER = "alice";
    public static final String SECRET = "correct:horse";
    /** The Authorization header of both. */
    public static final String BASIC = new Credential.Basic(USER, SECRET).header();
    /** bcrypt of {@link #SECRET}, at its lowest cost. */
    private static final String HTPASSWD = USER + ":$2y$04$vmetteregistrytestsaleIe1C08DQ6A0YCPMOlPEvOthxsDk1ZJu\n";

    private static final Duration START = Duration.ofSeconds(60);

    private final Path directory;
    private final int port;
    private final boolean locked;
    private Process process;

    private DockerRegistry(Path directory, int port, boolean locked) {
        this.directory = directory;
        this.port = port;
        this.locked = locked;
    }

    /** One that anybody may ask. */
    public static DockerRegistry open(Path directory) throws IOException, InterruptedException {
        return start(directory, false);
    }

    /** One that only {@link #USER} may ask. */
    public static DockerRegistry locked(Path directory) throws IOException, InterruptedException {
        return start(directory, true);
    }

    private static DockerRegistry start(Path directory, boolean locked) throws IOException, InterruptedException {
        assumeTrue(Executables.find("docker-registry").isPresent(), "needs Debian's docker-registry");
        DockerRegistry registry = new DockerRegistry(directory, freePort(), locked);
        registry.start();
        return registry;
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    /** Starts it again over what it has stored. */
    public void start() throws IOException, InterruptedException {
        Path config = directory.resolve("registry.yml");
        Path passwords = Files.writeString(directory.resolve("htpasswd"), HTPASSWD);
        Files.writeString(
                config,
                "version: 0.1\nlog: {level: warn}\n"
                        + "storage: {filesystem: {rootdirectory: '" + directory.resolve("storage") + "'}}\n"
                        + "http: {addr: '127.0.0.1:" + port + "'}\n"
                        + (locked ? "auth: {htpasswd: {realm: test, path: '" + passwords + "'}}\n" : ""));
        process = new ProcessBuilder(
                        List.of("setpriv", "--pdeathsig", "KILL", "docker-registry", "serve", config.toString()))
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("registry.log").toFile())
                .start();
        long deadline = System.nanoTime() + START.toNanos();
        while (!answers()) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                throw new IOException(
                        "docker-registry does not start: " + Files.readString(directory.resolve("registry.log")));
            }
            Thread.sleep(20);
        }
    }

    private boolean answers() {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    public int port() {
        return port;
    }

    /** As a reference begins. */
    public String host() {
        return "localhost:" + port;
    }

    /** Where it keeps the bytes of a blob. */
    Path stored(Digest digest) {
        return directory.resolve("storage/docker/registry/v2/blobs/sha256/"
                + digest.hex().substring(0, 2) + "/" + digest.hex() + "/data");
    }

    public void kill() {
        process.destroyForcibly();
        process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
    }

    @Override
    public void close() {
        kill();
    }
}
