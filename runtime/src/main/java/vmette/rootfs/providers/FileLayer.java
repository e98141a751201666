package vmette.rootfs.providers;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A layer in a file that has to stay what it was when its digest was taken: the image is kept under that.
 *
 * @param identity as {@link FileIdentity} had it then
 */
record FileLayer(String name, Path file, String identity) implements LayerSource {
    @Override
    public InputStream open() throws IOException {
        InputStream in = Files.newInputStream(file);
        return new FilterInputStream(in) {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] to, int offset, int length) throws IOException {
                int count = in.read(to, offset, length);
                if (count < 0 && !FileIdentity.of(file).equals(identity)) {
                    throw new IOException("it changed while it was read");
                }
                return count;
            }
        };
    }
}
