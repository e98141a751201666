package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import vmette.rootfs.providers.LayerSource;

/** One layer of an image that is in the cache. */
record CachedLayer(Descriptor blob, BlobStore store) implements LayerSource {
    @Override
    public String name() {
        return "layer " + blob.digest().brief();
    }

    /**
     * Its bytes as the registry has them, checked once more before the first is given: a disk may have damaged them since.
     *
     * @throws IOException if they are no longer what they were; they are gone then, and the next pull fetches them anew
     */
    @Override
    public InputStream open() throws IOException {
        Path file = store.file(blob.digest());
        MessageDigest engine = blob.digest().engine();
        try {
            BlobStore.digest(file, engine);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (!blob.digest().matches(engine.digest())) {
            store.discard(file);
            throw new IOException(file + " was damaged, and has been removed; try again, and it is fetched anew");
        }
        BlobStore.touch(file);
        return Files.newInputStream(file);
    }
}
