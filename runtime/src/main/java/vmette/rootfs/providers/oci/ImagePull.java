package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import vmette.rootfs.RootfsRequest;

/** One image from a reference to all of its blobs in the cache, with as few questions to the registry as will do. */
final class ImagePull {
    /** An index may name an index; deeper is nobody's use. */
    private static final int MAX_INDEXES = 3;

    private final ImageReference reference;
    private final RootfsRequest request;
    private final RegistryClient client;
    private final BlobStore store;
    private final TagStore tags;
    private final Duration tagTtl;
    private final Clock clock;

    ImagePull(
            ImageReference reference,
            RootfsRequest request,
            RegistryClient client,
            BlobStore store,
            TagStore tags,
            Duration tagTtl,
            Clock clock) {
        this.reference = reference;
        this.request = request;
        this.client = client;
        this.store = store;
        this.tags = tags;
        this.tagTtl = tagTtl;
        this.clock = clock;
    }

    /** @param made whether an image of this manifest is there, so that its layers are not needed */
    PulledImage run(Predicate<Digest> made) throws IOException, InterruptedException {
        Digest digest = reference.digest().isPresent() ? reference.digest().get() : digestOfTag();
        ManifestDocument document = ManifestDecoder.manifest(manifest(digest));
        for (int indexes = 0; document instanceof ManifestDocument.Index index; indexes++) {
            if (indexes == MAX_INDEXES) {
                throw new InvalidImageException(
                        "its index leads to an index, and so on, more than " + MAX_INDEXES + " times");
            }
            digest = PlatformChoice.among(index.manifests()).digest();
            document = ManifestDecoder.manifest(manifest(digest));
        }
        ManifestDocument.Image image = (ManifestDocument.Image) document;
        requireSize(image);
        ImageConfig config = ManifestDecoder.config(blob(image.config()));
        PlatformChoice.require(config.platform());
        if (config.layers() >= 0 && config.layers() != image.layers().size()) {
            throw new InvalidImageException(
                    "its manifest has " + image.layers().size() + " layers, its configuration " + config.layers());
        }
        if (!made.test(digest)) {
            fetch(image.layers());
        }
        return new PulledImage(
                digest,
                config.defaults(),
                image.layers().stream()
                        .map(layer -> new CachedLayer(layer, store))
                        .toList());
    }

    private Digest digestOfTag() throws IOException, InterruptedException {
        Optional<TagStore.Seen> seen = tags.read(reference);
        if (request.offline()) {
            return seen.orElseThrow(() -> new NotCachedException("what the tag " + reference.tag() + " means"))
                    .digest();
        }
        Instant now = clock.instant();
        if (seen.isPresent() && isFresh(seen.get(), now)) {
            return seen.get().digest();
        }
        try {
            Digest digest = seen.isPresent() && unchanged(seen.get().digest())
                    ? seen.get().digest()
                    : manifestOfTag();
            tags.write(reference, new TagStore.Seen(digest, now));
            return digest;
        } catch (IOException e) {
            if (seen.isEmpty() || !PullFailures.isPassing(e)) {
                throw e;
            }
            request.progress()
                    .say("warning: " + reference.registry() + " does not answer (" + PullFailures.reason(e)
                            + "); taking " + reference + " as it was at "
                            + seen.get().asked());
            return seen.get().digest();
        }
    }

    /** A time in the future was written by a clock that was wrong. */
    private boolean isFresh(TagStore.Seen seen, Instant now) {
        return !seen.asked().isAfter(now) && seen.asked().plus(tagTtl).isAfter(now);
    }

    private boolean unchanged(Digest digest) throws IOException, InterruptedException {
        if (store.read(digest, OciJson.MAX_BYTES).isEmpty()) {
            return false;
        }
        try (Answer answer = client.manifest("HEAD", reference.tag())) {
            return answer.header("Docker-Content-Digest").equals(digest.toString());
        }
    }

    private Digest manifestOfTag() throws IOException, InterruptedException {
        request.progress().say("asking " + reference.registry() + " for " + reference);
        try (Answer answer = client.manifest("GET", reference.tag())) {
            byte[] bytes = answer.bytes(OciJson.MAX_BYTES);
            String said = answer.header("Docker-Content-Digest");
            Digest digest = Digest.parse(said).orElseGet(() -> Digest.of(bytes));
            if (!digest.isOf(bytes)) {
                throw new RegistryFaultException(
                        "the registry sent a manifest that is not the " + digest + " it says it is");
            }
            ManifestDecoder.manifest(bytes);
            store.write(digest, bytes);
            return digest;
        }
    }

    private byte[] manifest(Digest digest) throws IOException, InterruptedException {
        Optional<byte[]> cached = store.read(digest, OciJson.MAX_BYTES);
        if (cached.isPresent()) {
            return cached.get();
        }
        if (request.offline()) {
            throw new NotCachedException("the manifest " + digest);
        }
        try (Answer answer = client.manifest("GET", digest.toString())) {
            return checked(digest, answer.bytes(OciJson.MAX_BYTES));
        }
    }

    private byte[] blob(Descriptor blob) throws IOException, InterruptedException {
        Optional<byte[]> cached = store.read(blob.digest(), OciJson.MAX_BYTES);
        if (cached.isPresent()) {
            return cached.get();
        }
        if (request.offline()) {
            throw new NotCachedException("the configuration " + blob.digest());
        }
        try (Answer answer = client.blob(blob.digest(), 0)) {
            return checked(blob.digest(), answer.bytes((int) blob.size()));
        }
    }

    private byte[] checked(Digest digest, byte[] bytes) throws IOException {
        if (!digest.isOf(bytes)) {
            throw new RegistryFaultException("the registry sent other bytes for " + digest
                    + " than it should: their digest is " + Digest.of(bytes));
        }
        store.write(digest, bytes);
        return bytes;
    }

    private void requireSize(ManifestDocument.Image image) throws InvalidImageException {
        long left = request.maxBytes();
        for (Descriptor layer : image.layers()) {
            if (layer.size() > left) {
                throw new InvalidImageException("its layers have more than " + request.maxBytes()
                        + " bytes, which is the most that may be downloaded for one root file system");
            }
            left -= layer.size();
        }
    }

    private void fetch(List<Descriptor> layers) throws IOException, InterruptedException {
        List<Descriptor> missing = new ArrayList<>();
        for (Descriptor layer : layers) {
            boolean listed = missing.stream().anyMatch(other -> other.digest().equals(layer.digest()));
            if (!listed && !store.has(layer)) {
                missing.add(layer);
            }
        }
        if (request.offline() && !missing.isEmpty()) {
            throw new NotCachedException(
                    missing.stream().map(layer -> "the layer " + layer.digest()).collect(Collectors.joining(", ")));
        }
        LayerFetcher.fetch(client, store, missing, request.progress());
    }
}
