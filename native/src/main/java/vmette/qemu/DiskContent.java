package vmette.qemu;

import java.util.List;

/** What of a disk's image the guest sees. */
public sealed interface DiskContent {
    /** The image's bytes: it is raw. */
    record Raw() implements DiskContent {}

    /**
     * What was written into the image, a qcow2, and for the rest what lies beneath. What headers of files name is not followed: each layer is told.
     *
     * @param beneath at least one, the lowest first, which is raw; all others are overlays
     */
    record Overlay(List<DiskLayer> beneath) implements DiskContent {
        /** Refuses what is no chain. */
        public Overlay {
            beneath = List.copyOf(beneath);
            for (int i = 0; i < Math.max(1, beneath.size()); i++) {
                if (beneath.isEmpty() || beneath.get(i).overlay() != i > 0) {
                    throw new IllegalArgumentException("no chain of layers: " + beneath);
                }
            }
        }
    }
}
