package vmette.qemu;

import java.nio.file.Path;

/**
 * A virtio-fs device.
 *
 * @param tag by which the guest mounts it, 1 to 36 bytes
 * @param socket where its daemon listens, before the start
 */
public record SharedDirectory(String tag, Path socket) {}
