package vmette.qemu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.OperationTimeoutException;
import vmette.errors.SaveFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;

/**
 * Lays new images over disks of one VM that are written to, all at one instant: what is beneath is not written to any more. Not thread-safe; every method
 * blocks. To be done before the state is told, after which QEMU has let go of all images.
 */
final class BlockFreeze {
    private static final Logger LOG = LoggerFactory.getLogger(BlockFreeze.class);

    private final QemuLaunch launch;
    private final QmpDialogue qmp;
    private final Map<String, Nodes> devices = new HashMap<>();
    private final List<Prepared> prepared = new ArrayList<>();
    private int made;

    /** Of one device. */
    private static final class Nodes {
        private String top;
        private final List<String> beneath = new ArrayList<>();
        private Optional<Path> base = Optional.empty();

        private Nodes(String top) {
            this.top = top;
        }
    }

    private record Prepared(Nodes device, String node) {}

    BlockFreeze(QemuLaunch launch, QmpDialogue qmp) {
        this.launch = launch;
        this.qmp = qmp;
    }

    /**
     * Opens the overlays beside the disks; the guest may run.
     *
     * @param overlays see {@link vmette.vmm.SnapshotOrder#overlays}
     * @param bases see {@link vmette.vmm.SnapshotOrder#bases}
     */
    void prepare(Map<String, Path> overlays, Map<String, Path> bases) throws QmpException {
        abandon();
        bases.forEach((serial, base) -> rebase(device(serial), base));
        for (Map.Entry<String, Path> each : overlays.entrySet()) {
            Nodes device = device(each.getKey());
            String node = "over" + ++made;
            add(DiskOptions.file(node, each.getValue(), false), DiskOptions.overlay(node, Optional.empty()));
            prepared.add(new Prepared(device, node));
        }
    }

    private Nodes device(String serial) {
        for (int i = 0; i < launch.disks().size(); i++) {
            BlockDisk disk = launch.disks().get(i);
            if (disk.serial().equals(serial) && !disk.readOnly()) {
                String id = DiskOptions.id(QemuCommandLine.FIRST_PLACE + i);
                return devices.computeIfAbsent(id, first -> {
                    Nodes nodes = new Nodes(id);
                    if (disk.content() instanceof DiskContent.Overlay overlay) {
                        for (int layer = 0; layer < overlay.beneath().size(); layer++) {
                            nodes.beneath.add(DiskOptions.layer(id, layer));
                        }
                    }
                    return nodes;
                });
            }
        }
        throw new SaveFailedException("VM " + launch.name() + " has no disk " + serial + " that is written to", null);
    }

    private void add(Map<String, ?> file, Map<String, ?> image) throws QmpException {
        qmp.ask("blockdev-add", file);
        try {
            qmp.ask("blockdev-add", image);
        } catch (QmpException e) {
            delete(String.valueOf(file.get("node-name")));
            throw e;
        }
    }

    /** What the topmost image is over gives way to one file of the same content. If that fails it goes on as it was, with all those open. */
    private void rebase(Nodes device, Path base) {
        if (device.base.filter(base::equals).isPresent()) {
            return;
        }
        device.base = Optional.of(base);
        String node = "base" + ++made;
        try {
            add(DiskOptions.file(node, base, true), DiskOptions.raw(node));
            qmp.ask("blockdev-reopen", Map.of("options", List.of(DiskOptions.overlay(device.top, Optional.of(node)))));
            for (int i = device.beneath.size() - 1; i >= 0; i--) {
                deleteBoth(device.beneath.get(i));
            }
            device.beneath.clear();
            device.beneath.add(node);
        } catch (QmpException e) {
            LOG.warn("VM {} keeps all files of a disk open: {}", launch.name(), e.getMessage());
        }
    }

    /**
     * Lays over what was prepared; the guest stands still. All or none.
     *
     * @return false: nothing was prepared
     * @throws VmLostException if it is not known whether that was done: what the guest writes is then in files that nobody counts on
     */
    boolean freeze() throws QmpException {
        if (prepared.isEmpty()) {
            return false;
        }
        List<Map<String, ?>> actions = new ArrayList<>();
        for (Prepared each : prepared) {
            actions.add(
                    Map.of("type", "blockdev-snapshot", "data", Map.of("node", each.device.top, "overlay", each.node)));
        }
        try {
            qmp.ask("transaction", Map.of("actions", actions));
        } catch (OperationTimeoutException e) {
            throw new VmLostException(
                    "VM " + launch.name() + " cannot go on: whether its disks were frozen for a save is not known; "
                            + e.getMessage(),
                    e);
        }
        for (Prepared each : prepared) {
            each.device.beneath.add(each.device.top);
            each.device.top = each.node;
        }
        prepared.clear();
        return true;
    }

    /** Lets go of what was prepared and not laid over anything. */
    void abandon() {
        prepared.forEach(each -> deleteBoth(each.node));
        prepared.clear();
    }

    private void deleteBoth(String node) {
        delete(node);
        delete(node + DiskOptions.FILE);
    }

    private void delete(String node) {
        try {
            qmp.ask("blockdev-del", Map.of("node-name", node));
        } catch (QmpException | VmetteException e) {
            LOG.warn("VM {} keeps {} open, which it does not use: {}", launch.name(), node, e.getMessage());
        }
    }
}
