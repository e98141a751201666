package vmette.qemu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes QEMU's arguments. Pure: looks at nothing but its parameters. */
final class QemuCommandLine {
    static final String VSOCK_DRIVER = "vhost-user-vsock-pci";
    static final String VSOCK = "vsock0";
    static final String VSOCK_CHANNEL = "vs";
    static final String BUS = "pci.0";

    /** Snapshots unplug the device and plug it in again: it must come back to the same place. */
    static final String VSOCK_PLACE = "5";

    /** From here on up to 31 the places of the bus are those of disks and shares, so that the guest numbers them in their order. */
    static final int FIRST_PLACE = 6;

    private static final String NETWORK_PLACE = "addr=4";

    private static final String SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

    private QemuCommandLine() {}

    static List<String> of(Path binary, Accelerator accelerator, QemuLaunch launch) {
        List<String> line = new ArrayList<>();
        line.add(binary.toString());
        option(line, "-name", "guest=" + escape(launch.name()));
        machine(line, accelerator, launch);
        boot(line, launch.boot());
        channels(line, launch);
        boolean runs = !(launch.boot() instanceof BootSource.Incoming);
        network(line, launch.network(), runs);
        int place = FIRST_PLACE;
        for (BlockDisk disk : launch.disks()) {
            DiskOptions.add(line, disk, place++, runs);
        }
        for (SharedDirectory share : launch.shares()) {
            share(line, share, place++);
        }
        return List.copyOf(line);
    }

    private static void machine(List<String> line, Accelerator accelerator, QemuLaunch launch) {
        option(line, "-M", "pc,memory-backend=mem");
        option(line, "-accel", accelerator.word());
        option(line, "-cpu", accelerator.cpuModel());
        option(line, "-smp", Integer.toString(launch.vcpus()));
        option(line, "-m", launch.memoryMib() + "M");
        option(line, "-object", memory(launch));
        line.add("-nodefaults");
        line.add("-no-user-config");
        option(line, "-display", "none");
        line.add("-no-reboot");
        option(line, "-sandbox", SANDBOX);
    }

    private static String memory(QemuLaunch launch) {
        String size = ",id=mem,size=" + launch.memoryMib() + "M";
        // Shared, unless it is to be copied on write, so that the back-ends of vhost-user devices can map it.
        if (launch.memory() instanceof MemoryBacking.SharedFile shared) {
            return "memory-backend-file" + size + ",share=on,mem-path="
                    + escape(shared.file().toString());
        }
        if (launch.memory() instanceof MemoryBacking.PrivateFile template) {
            return "memory-backend-file" + size + ",share=off,mem-path="
                    + escape(template.file().toString());
        }
        return "memory-backend-memfd" + size + ",share=on";
    }

    private static void boot(List<String> line, BootSource source) {
        if (source instanceof BootSource.Linux linux) {
            option(line, "-kernel", linux.kernel().toAbsolutePath().toString());
            option(line, "-initrd", linux.initramfs().toAbsolutePath().toString());
            option(line, "-append", linux.commandLine());
        } else if (source instanceof BootSource.Saved || source instanceof BootSource.Incoming) {
            // No kernel: it is in the memory. What it is to go on with is told by QMP.
            option(line, "-incoming", "defer");
        }
    }

    private static void channels(List<String> line, QemuLaunch launch) {
        // Not chardev stdio: that would take standard input too, where a restore finds its state.
        option(line, "-chardev", "file,id=console,path=/dev/fd/1");
        option(line, "-serial", "chardev:console");
        option(
                line,
                "-chardev",
                "socket,id=qmp,path=" + escape(launch.qmpSocket().toString()));
        option(line, "-mon", "chardev=qmp,mode=control");
        // It was unplugged when the VM was saved, and is plugged in when the state is loaded.
        if (launch.vsock() && !(launch.boot() instanceof BootSource.Saved)) {
            option(
                    line,
                    "-chardev",
                    "socket,id=" + VSOCK_CHANNEL + ",path="
                            + escape(launch.vsockSocket().toString()));
            option(
                    line,
                    "-device",
                    VSOCK_DRIVER + ",id=" + VSOCK + ",chardev=" + VSOCK_CHANNEL + ",bus=" + BUS + ",addr="
                            + VSOCK_PLACE);
        }
    }

    private static void network(List<String> line, NetworkCard card, boolean runs) {
        if (card instanceof NetworkCard.None) {
            return;
        }
        option(
                line,
                "-netdev",
                card instanceof NetworkCard.Stream stream ? stream(stream, runs) : "user,id=net0,ipv6=off");
        option(line, "-device", "virtio-net-pci,netdev=net0,romfile=,bus=pci.0," + NETWORK_PLACE);
    }

    private static String stream(NetworkCard.Stream stream, boolean runs) {
        // A hub with nothing else on it: whoever serves that socket serves one.
        return runs
                ? "stream,id=net0,server=off,addr.type=unix,addr.path="
                        + escape(stream.socket().toString())
                : "hubport,id=net0,hubid=0";
    }

    private static void share(List<String> line, SharedDirectory share, int place) {
        String id = "fs" + place;
        option(
                line,
                "-chardev",
                "socket,id=" + id + ",path=" + escape(share.socket().toString()));
        option(line, "-device", "vhost-user-fs-pci,chardev=" + id + ",tag=" + escape(share.tag()) + "," + at(place));
    }

    private static String at(int place) {
        return "bus=pci.0,addr=" + Integer.toHexString(place);
    }

    private static void option(List<String> line, String name, String value) {
        line.add(name);
        line.add(value);
    }

    /** A value inside QEMU's comma-separated lists. */
    static String escape(String value) {
        return value.replace(",", ",,");
    }
}
