package vmette.rootfs.providers.oci;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import vmette.errors.BadImageException;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteIoException;
import vmette.rootfs.RootfsArtifact;
import vmette.rootfs.RootfsProvider;
import vmette.rootfs.RootfsRequest;
import vmette.rootfs.providers.ImageStore;

/**
 * Root file systems from the images of OCI registries, Docker's among them: {@code oci://REFERENCE}, or a reference alone. What is fetched is
 * kept in the cache by its digest; what a tag means is believed for a while.
 */
public final class OciProvider implements RootfsProvider {
    /** How long a tag is believed, unless said otherwise. */
    public static final Duration TAG_TTL = Duration.ofMinutes(15);

    private final ImageStore images;
    private final OciPuller puller;

    /** With {@link #TAG_TTL}. */
    public OciProvider(ImageStore images) {
        this(images, TAG_TTL);
    }

    /**
     * Takes credentials from the environment and from what {@code docker login} has left.
     *
     * @param images where block images are made of layers
     * @param tagTtl how long what a tag means is believed without asking the registry; zero: it is asked each time
     */
    public OciProvider(ImageStore images, Duration tagTtl) {
        this(
                images,
                new OciPuller(
                        new Credentials(System.getenv(), Path.of(System.getProperty("user.home"))),
                        tagTtl,
                        Clock.systemUTC()));
        if (tagTtl.isNegative()) {
            throw new InvalidConfigException("a tag cannot be believed for " + tagTtl);
        }
    }

    OciProvider(ImageStore images, OciPuller puller) {
        this.images = images;
        this.puller = puller;
    }

    @Override
    public String name() {
        return "oci";
    }

    @Override
    public String description() {
        return "images of OCI registries: oci://REFERENCE, or a reference alone, such as debian:12 or ghcr.io/owner/name@sha256:...";
    }

    /** By its form alone: what begins with {@code oci://}, right or not, and what is a reference. */
    @Override
    public boolean accepts(String spec) {
        return spec.startsWith(OciPuller.PREFIX) || ImageReference.parse(spec).isPresent();
    }

    @Override
    public boolean hasCommands() {
        return true;
    }

    /**
     * {@inheritDoc}
     *
     * @throws InvalidConfigException if it is no reference, or a credential's variable makes no sense
     * @throws BadImageException if the image cannot be used: for another platform, damaged, hostile, too large
     * @throws VmetteIoException if it cannot be had, or the thread is interrupted, which it then still is
     */
    @Override
    public RootfsArtifact resolve(RootfsRequest request) {
        PulledImage image = puller.pull(request, manifest -> images.has(key(manifest), request));
        return images.image(key(image.manifest()), image.defaults(), List.copyOf(image.layers()), request);
    }

    private static String key(Digest manifest) {
        return "oci " + manifest;
    }
}
