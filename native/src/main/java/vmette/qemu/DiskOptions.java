package vmette.qemu;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How QEMU is told of disks, at its start and by QMP. Pure. */
final class DiskOptions {
    /** What is appended to an image's name for its file's. */
    static final String FILE = "-file";

    // Else QEMU writes all of a file to the disk and forgets what it had read of it whenever a VM's state was told or
    // taken, for
    // fear that another host has written to it: 100 ms for 200 MiB, while the guest stands still.
    private static final String NOBODY_ELSES = ",drop-cache=off";

    private DiskOptions() {}

    /** Of the device, and of what it is connected to at first. */
    static String id(int place) {
        return "disk" + place;
    }

    /** @param runs else it is for a VM that never does */
    static void add(List<String> line, BlockDisk disk, int place, boolean runs) {
        String id = id(place);
        String readOnly = ",read-only=" + (disk.readOnly() ? "on" : "off");
        String unmap = disk.ephemeral() ? ",discard=unmap" : "";
        if (!runs) {
            // All that is saved of a disk with the device's state is what the guest has agreed with the device. So
            // nothing of the VM's images
            // is opened, whose locks are the running one's, and whose names may be gone.
            node(line, "driver=null-co,node-name=" + id + readOnly);
        } else {
            String beneath = disk.content() instanceof DiskContent.Overlay overlay ? layers(line, overlay, id) : "";
            node(
                    line,
                    "driver=" + (disk.blockDevice() ? "host_device" : "file") + ",node-name=" + id + FILE + ",filename="
                            + QemuCommandLine.escape(disk.image().toString()) + readOnly
                            + (disk.readOnly() || disk.ephemeral() ? NOBODY_ELSES : "")
                            + (disk.ephemeral() ? ",cache.no-flush=on,discard=unmap" : ""));
            node(
                    line,
                    "driver=" + (beneath.isEmpty() ? "raw" : "qcow2,backing=" + beneath) + ",node-name=" + id + ",file="
                            + id + "-file" + readOnly + unmap);
        }
        line.add("-device");
        // Else a full disk of the host would stop the machine, without a word to its guest.
        line.add("virtio-blk-pci,drive=" + id + ",id=" + id + ",werror=report,rerror=report"
                + (disk.serial().isEmpty() ? "" : ",serial=" + disk.serial()) + ",bus=pci.0,addr="
                + Integer.toHexString(place));
    }

    /** The name of the highest. */
    private static String layers(List<String> line, DiskContent.Overlay overlay, String id) {
        String last = "";
        int number = 0;
        for (DiskLayer layer : overlay.beneath()) {
            String name = layer(id, number++);
            node(
                    line,
                    "driver=file,node-name=" + name + FILE + ",filename="
                            + QemuCommandLine.escape(layer.file().toString()) + ",read-only=on"
                            + NOBODY_ELSES);
            node(
                    line,
                    "driver=" + (layer.overlay() ? "qcow2,backing=" + last : "raw") + ",node-name=" + name + ",file="
                            + name + FILE + ",read-only=on");
            last = name;
        }
        return last;
    }

    private static void node(List<String> line, String options) {
        line.add("-blockdev");
        line.add(options);
    }

    /** One of those that a disk is over at first. */
    static String layer(String id, int number) {
        return id + "-" + number;
    }

    /** For {@code blockdev-add}, as what follows. */
    static Map<String, ?> file(String node, Path file, boolean readOnly) {
        return Map.of(
                "driver",
                "file",
                "node-name",
                node + FILE,
                "filename",
                file.toString(),
                "read-only",
                readOnly,
                "drop-cache",
                false,
                "discard",
                "unmap",
                "cache",
                Map.of("no-flush", true));
    }

    static Map<String, ?> raw(String node) {
        return Map.of("driver", "raw", "node-name", node, "file", node + FILE, "read-only", true);
    }

    /** @param over empty: nothing yet. Whatever its header names is left alone */
    static Map<String, ?> overlay(String node, Optional<String> over) {
        Map<String, Object> options = new HashMap<>();
        options.put("driver", "qcow2");
        options.put("node-name", node);
        options.put("read-only", false);
        options.put("discard", "unmap");
        options.put("file", node + FILE);
        options.put("backing", over.orElse(null));
        return options;
    }
}
