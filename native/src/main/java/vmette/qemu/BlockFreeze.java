package vmette.qemu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.SaveFailedException;
import vmette.errors.VmetteException;

/**
 * Lays new images over disks of one VM that are written to, all at one instant: what is beneath is not written to any more. Not thread-safe; every method
 * blocks. To be done before the state is told, after which QEMU has let go of all images.
 */
final class BlockFreeze {
    private static final Logger LOG = LoggerFactory.getLogger(BlockFreeze.class);

    private final QemuLaunch launch;
    private final QmpDialogue qmp;
    // What each device is connected to, by the device's id.
    private final Map<String, String> tops = new HashMap<>();
    private final List<Prepared> prepared = new ArrayList<>();
    private int made;

    private record Prepared(String device, String node) {}

    BlockFreeze(QemuLaunch launch, QmpDialogue qmp) {
        this.launch = launch;
        this.qmp = qmp;
    }

    /**
     * Opens them beside the disks; the guest may run.
     *
     * @param overlays empty images, by the serial of the disk that each is for
     */
    void prepare(Map<String, Path> overlays) throws QmpException {
        abandon();
        for (Map.Entry<String, Path> each : overlays.entrySet()) {
            String device = device(each.getKey());
            String node = device + "-over" + ++made;
            qmp.ask("blockdev-add", DiskOptions.overlay(node, each.getValue().toString()));
            prepared.add(new Prepared(device, node));
        }
    }

    private String device(String serial) {
        for (int i = 0; i < launch.disks().size(); i++) {
            BlockDisk disk = launch.disks().get(i);
            if (disk.serial().equals(serial) && !disk.readOnly()) {
                return DiskOptions.id(QemuCommandLine.FIRST_PLACE + i);
            }
        }
        throw new SaveFailedException("VM " + launch.name() + " has no disk " + serial + " that is written to", null);
    }

    /**
     * Lays over what was prepared; the guest stands still. All or none.
     *
     * @return false: nothing was prepared
     */
    boolean freeze() throws QmpException {
        if (prepared.isEmpty()) {
            return false;
        }
        List<Map<String, ?>> actions = new ArrayList<>();
        for (Prepared each : prepared) {
            actions.add(Map.of(
                    "type",
                    "blockdev-snapshot",
                    "data",
                    Map.of("node", tops.getOrDefault(each.device, each.device), "overlay", each.node)));
        }
        qmp.ask("transaction", Map.of("actions", actions));
        prepared.forEach(each -> tops.put(each.device, each.node));
        prepared.clear();
        return true;
    }

    /** Lets go of what was prepared and not laid over anything. */
    void abandon() {
        for (Prepared each : prepared) {
            try {
                qmp.ask("blockdev-del", Map.of("node-name", each.node));
            } catch (QmpException | VmetteException e) {
                LOG.warn("VM {} keeps {} open, which it does not use: {}", launch.name(), each.node, e.getMessage());
            }
        }
        prepared.clear();
    }
}
