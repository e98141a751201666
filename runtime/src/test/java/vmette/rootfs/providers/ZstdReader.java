package vmette.rootfs.providers;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A process that unpacks a file, says its content and dies as by a kill: nothing that is for its exit is done. */
final class ZstdReader {
    private ZstdReader() {}

    public static void main(String[] arguments) throws IOException {
        try (InputStream in = Unpacking.of(Files.newInputStream(Path.of(arguments[0])), new ByteBudget(1 << 20))) {
            System.out.write(in.readAllBytes());
            System.out.flush();
        } catch (IOException e) {
            System.out.println(e.getMessage());
            System.out.flush();
        }
        Runtime.getRuntime().halt(0);
    }
}
