package vmette.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import vmette.errors.VmetteIoException;
import vmette.guest.GuestKernel;

/** The product's guest with {@code /vsock-traffic} in it: the kernel unpacks archives that follow one another. */
final class TrafficImage {
    private static final String NAME = "vsock-traffic";
    private static final int EXECUTABLE = 0100755;

    private TrafficImage() {}

    /** Command for the guest's shell. */
    static String command() {
        return "/" + NAME + " " + TrafficClient.PORT;
    }

    /** Writes the initramfs. */
    static void write(GuestKernel guest, Path target) {
        try (InputStream program = TrafficImage.class.getResourceAsStream(NAME)) {
            ByteArrayOutputStream archive = new ByteArrayOutputStream();
            archive.write(Files.readAllBytes(guest.initramfs()));
            pad(archive);
            entry(archive, NAME, EXECUTABLE, program.readAllBytes());
            entry(archive, "TRAILER!!!", 0, new byte[0]);
            Files.write(target, archive.toByteArray());
        } catch (IOException e) {
            throw new VmetteIoException("cannot make the guest's image " + target + ": " + e.getMessage(), e);
        }
    }

    /** One file in the "newc" form of cpio(5). */
    private static void entry(ByteArrayOutputStream archive, String name, int mode, byte[] content) throws IOException {
        byte[] nameBytes = (name + "\0").getBytes(StandardCharsets.US_ASCII);
        int[] fields = {1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, nameBytes.length, 0};
        StringBuilder header = new StringBuilder("070701");
        for (int field : fields) {
            header.append(String.format(Locale.ROOT, "%08x", field));
        }
        archive.write(header.toString().getBytes(StandardCharsets.US_ASCII));
        archive.write(nameBytes);
        pad(archive);
        archive.write(content);
        pad(archive);
    }

    private static void pad(ByteArrayOutputStream archive) {
        while (archive.size() % 4 != 0) {
            archive.write(0);
        }
    }
}
