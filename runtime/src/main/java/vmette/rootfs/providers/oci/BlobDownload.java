package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import vmette.rootfs.RootfsProgress;
import vmette.rootfs.providers.CacheLock;

/**
 * Brings one blob into the cache, under its lock. What has come stays in the partial file when the connection breaks, the process is killed or
 * the thread interrupted, and is gone on from, in this process after a pause and in a later one. Nothing is believed before the digest.
 */
final class BlobDownload {
    private static final int CHUNK = 128 << 10;
    /** Failures one after the other in which nothing came, and all of them. */
    private static final int FRUITLESS_FAILURES = 5;

    private static final int FAILURES = 50;
    private static final long PAUSE_MILLIS = 250;

    private final RegistryClient client;
    private final BlobStore store;
    private final Descriptor blob;
    private final RootfsProgress.Transfer transfer;
    private final Path partial;

    private MessageDigest engine;
    private long have;

    private BlobDownload(RegistryClient client, BlobStore store, Descriptor blob, RootfsProgress.Transfer transfer)
            throws CacheException {
        this.client = client;
        this.store = store;
        this.blob = blob;
        this.transfer = transfer;
        this.partial = store.partial(blob.digest());
        this.engine = blob.digest().engine();
    }

    /** Returns when the blob is in the store. */
    static void fetch(RegistryClient client, BlobStore store, Descriptor blob, String name, RootfsProgress progress)
            throws IOException, InterruptedException {
        try (CacheLock lock = store.lock(blob.digest(), progress)) {
            if (lock.isHeld() && !store.has(blob)) {
                try (RootfsProgress.Transfer transfer = progress.transfer(name, blob.size())) {
                    new BlobDownload(client, store, blob, transfer).run();
                }
            }
        }
    }

    private void run() throws IOException, InterruptedException {
        have = BlobStore.digest(partial, engine);
        transfer.add(Math.min(have, blob.size()));
        boolean inherited = have > 0;
        if (have > blob.size()) {
            startOver();
        }
        receiveAll();
        byte[] result = engine.digest();
        if (!blob.digest().matches(result) && inherited) {
            // what another process had left may have been damaged since
            startOver();
            receiveAll();
            result = engine.digest();
        }
        if (!blob.digest().matches(result)) {
            store.discard(partial);
            throw new RegistryFaultException(
                    "the registry sent other bytes for " + blob.digest() + " than it should: their digest is "
                            + blob.digest().algorithm() + ":" + HexFormat.of().formatHex(result));
        }
        sync();
        store.publish(partial, blob.digest());
    }

    private void startOver() throws CacheException {
        store.discard(partial);
        engine = blob.digest().engine();
        have = 0;
    }

    /** Until as many bytes are there as there should be. */
    private void receiveAll() throws IOException, InterruptedException {
        int fruitless = 0;
        int failures = 0;
        while (have < blob.size()) {
            long before = have;
            try {
                receive();
            } catch (RegistryFaultException | CacheException e) {
                throw e;
            } catch (IOException e) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                fruitless = have > before ? 0 : fruitless + 1;
                if (e instanceof RegistryRefusedException refused && refused.status() == 416 && have > 0) {
                    startOver();
                } else if (e instanceof RegistryRefusedException refused && !refused.passes()) {
                    throw e;
                }
                if (fruitless >= FRUITLESS_FAILURES || ++failures >= FAILURES) {
                    throw e;
                }
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS << fruitless);
            }
        }
    }

    private void receive() throws IOException, InterruptedException {
        try (Answer answer = client.blob(blob.digest(), have)) {
            if (have > 0 && !goesOn(answer)) {
                startOver();
            }
            try (FileChannel file = open()) {
                byte[] chunk = new byte[CHUNK];
                for (int read = answer.body().read(chunk);
                        read >= 0;
                        read = answer.body().read(chunk)) {
                    if (read > blob.size() - have) {
                        store.discard(partial);
                        throw new RegistryFaultException("the registry sends more for " + blob.digest() + " than the "
                                + blob.size() + " bytes that the manifest says");
                    }
                    append(file, chunk, read);
                }
                if (have < blob.size()) {
                    throw new IOException("the connection ended after " + have + " of " + blob.size() + " bytes");
                }
            }
        }
    }

    /** Whether the answer begins where the partial file ends. */
    private boolean goesOn(Answer answer) {
        return answer.status() == 206 && answer.header("Content-Range").startsWith("bytes " + have + "-");
    }

    private FileChannel open() throws CacheException {
        try {
            return FileChannel.open(
                    partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new CacheException(e);
        }
    }

    private void append(FileChannel file, byte[] chunk, int length) throws CacheException, InterruptedException {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(chunk, 0, length);
            while (buffer.hasRemaining()) {
                file.write(buffer);
            }
        } catch (java.nio.channels.ClosedByInterruptException e) {
            throw (InterruptedException) new InterruptedException("writing " + partial).initCause(e);
        } catch (IOException e) {
            throw new CacheException(e);
        }
        engine.update(chunk, 0, length);
        have += length;
        transfer.add(length);
    }

    private void sync() throws CacheException {
        try (FileChannel file = open()) {
            file.force(true);
        } catch (CacheException e) {
            throw e;
        } catch (IOException e) {
            throw new CacheException(e);
        }
    }
}
