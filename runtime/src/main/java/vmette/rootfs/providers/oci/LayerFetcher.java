package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import vmette.rootfs.RootfsProgress;

/** Fetches several layers at a time. The first failure, or an interrupt, ends them all; none is under way when it returns. */
final class LayerFetcher {
    private static final int AT_A_TIME = 4;
    private static final long END_SECONDS = 60;

    private LayerFetcher() {}

    static void fetch(RegistryClient client, BlobStore store, List<Descriptor> layers, RootfsProgress progress)
            throws IOException, InterruptedException {
        if (layers.isEmpty()) {
            return;
        }
        ExecutorService threads = Executors.newFixedThreadPool(Math.min(AT_A_TIME, layers.size()), task -> {
            Thread thread = new Thread(task, "vmette-oci-layer");
            thread.setDaemon(true);
            return thread;
        });
        try {
            CompletionService<Void> fetches = new ExecutorCompletionService<>(threads);
            for (Descriptor layer : layers) {
                fetches.submit(() -> {
                    BlobDownload.fetch(
                            client, store, layer, "layer " + layer.digest().brief(), progress);
                    return null;
                });
            }
            for (int i = 0; i < layers.size(); i++) {
                fetches.take().get();
            }
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        } finally {
            end(threads);
        }
    }

    private static IOException rethrown(Throwable failure) throws InterruptedException {
        if (failure instanceof IOException e) {
            return e;
        }
        if (failure instanceof InterruptedException e) {
            throw e;
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
        return new IOException(failure);
    }

    private static void end(ExecutorService threads) {
        threads.shutdownNow();
        boolean interrupted = Thread.interrupted();
        try {
            if (!threads.awaitTermination(END_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("transfers of layers do not end");
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
