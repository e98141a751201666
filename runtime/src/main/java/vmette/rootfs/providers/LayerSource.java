package vmette.rootfs.providers;

import java.io.IOException;
import java.io.InputStream;

/** A layer of a root file system: a tar archive, plain or compressed with gzip or Zstandard. */
public interface LayerSource {
    /** For people, in messages: a path, an address or a digest. */
    String name();

    /**
     * The bytes from the start, compressed as they are. Called once for each pass, of which there are two: they must find the same. The
     * caller closes it, and may do so before the end.
     */
    InputStream open() throws IOException;
}
