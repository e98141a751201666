package vmette.rootfs;

import java.nio.file.Path;
import java.util.Objects;

/** What a root file system is made of on the host. A VM never writes to it. */
public sealed interface RootfsArtifact extends AutoCloseable {

    /** What the image says of its commands; {@link ImageDefaults#NONE} where there is no image. */
    ImageDefaults defaults();

    /** The VM is over: what kept the artifact in place, a lock perhaps, is let go. Idempotent. */
    @Override
    void close();

    /**
     * A directory, shared by virtio-fs.
     *
     * @param path absolute
     */
    record Directory(Path path) implements RootfsArtifact {
        public Directory {
            if (!path.isAbsolute()) {
                throw new IllegalArgumentException("not absolute: " + path);
            }
        }

        @Override
        public ImageDefaults defaults() {
            return ImageDefaults.NONE;
        }

        @Override
        public void close() {}
    }

    /**
     * A block image, attached read-only; any number of VMs may share one.
     *
     * @param file absolute
     * @param format the file system in it
     * @param defaults what the image says of its commands
     * @param release run once by {@link #close}
     */
    record Image(Path file, ImageFormat format, ImageDefaults defaults, Runnable release) implements RootfsArtifact {
        public Image {
            if (!file.isAbsolute()) {
                throw new IllegalArgumentException("not absolute: " + file);
            }
            Objects.requireNonNull(format, "format");
            Objects.requireNonNull(defaults, "defaults");
            Objects.requireNonNull(release, "release");
        }

        /** An image that needs nothing when the VM is over. */
        public Image(Path file, ImageFormat format, ImageDefaults defaults) {
            this(file, format, defaults, () -> {});
        }

        @Override
        public void close() {
            release.run();
        }
    }
}
