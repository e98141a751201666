package vmette.rootfs.providers;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import vmette.rootfs.ImageDefaults;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.RootfsRequest;

/** A process that is in the middle of making an image until its standard input ends. Its argument is the cache. */
final class SlowBuilder {
    static final String KEY = "slow";
    static final byte[] ARCHIVE = new Tar().file("f", "slow").bytes();

    private SlowBuilder() {}

    public static void main(String[] arguments) {
        AtomicInteger passes = new AtomicInteger();
        LayerSource layer = new LayerSource() {
            @Override
            public String name() {
                return "slow";
            }

            @Override
            public InputStream open() {
                if (passes.getAndIncrement() == 0) {
                    return new ByteArrayInputStream(ARCHIVE);
                }
                return new SequenceInputStream(
                        new ByteArrayInputStream(Arrays.copyOf(ARCHIVE, 514)), new InputStream() {
                            private final InputStream rest =
                                    new ByteArrayInputStream(ARCHIVE, 514, ARCHIVE.length - 514);

                            @Override
                            public int read() throws IOException {
                                System.in.transferTo(OutputStream.nullOutputStream());
                                return rest.read();
                            }

                            @Override
                            public int read(byte[] to, int offset, int length) throws IOException {
                                int next = length == 0 ? -1 : read();
                                if (next >= 0) {
                                    to[offset] = (byte) next;
                                }
                                return next < 0 ? -1 : 1;
                            }
                        });
            }
        };
        RootfsRequest request = new RootfsRequest("test", Path.of(arguments[0]), 1 << 20, true, RootfsProgress.NONE);
        new ImageStore().image(KEY, ImageDefaults.NONE, List.of(layer), request).close();
    }
}
