package vmette.qemu;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import vmette.errors.InvalidConfigException;

/**
 * One machine to start.
 *
 * @param name for people: process lists, thread names, messages; not empty
 * @param boot what it starts from
 * @param vcpus 1 to 255, what {@code -M pc} takes
 * @param memoryMib from {@link #MIN_MEMORY_MIB}, in MiB
 * @param directory private to this incarnation, short: sockets are made in it
 * @param vsock whether the machine has a vsock device, whose back-end listens on {@link #vsockSocket} before the start
 * @param disks in the order in which the guest numbers them
 * @param network its network card
 * @param shares directories of the host; with the disks at most {@value #MAX_DEVICES}; none with private memory
 * @param memory where its memory lies
 */
public record QemuLaunch(
        String name,
        BootSource boot,
        int vcpus,
        long memoryMib,
        Path directory,
        boolean vsock,
        NetworkCard network,
        List<BlockDisk> disks,
        List<SharedDirectory> shares,
        MemoryBacking memory) {
    /** Places on the PCI bus that are left for disks and shares. */
    public static final int MAX_DEVICES = 26;

    /** The least memory in MiB: below it no kernel with an initramfs gets as far as its first process. */
    public static final long MIN_MEMORY_MIB = 32;

    /** The most virtual CPUs: what QEMU's {@code pc} machine allows under every accelerator. */
    public static final int MAX_VCPUS = 255;

    /**
     * Checks what can be checked on any host.
     *
     * @throws InvalidConfigException if vcpus or memory is out of its range, whatever this host has, or shares meet private
     *     memory
     */
    public QemuLaunch {
        Objects.requireNonNull(boot, "boot");
        Objects.requireNonNull(memory, "memory");
        if (name.isEmpty()) {
            throw new InvalidConfigException("a VM's name is empty: give it one");
        }
        if (!directory.isAbsolute()) {
            throw new IllegalArgumentException("the directory of VM " + name + " is not absolute: " + directory);
        }
        if (vcpus < 1 || vcpus > MAX_VCPUS) {
            throw new InvalidConfigException(
                    "VM " + name + ": vcpus = " + vcpus + " is out of range: use 1 to " + MAX_VCPUS);
        }
        if (memoryMib < MIN_MEMORY_MIB) {
            throw new InvalidConfigException("VM " + name + ": memory = " + memoryMib
                    + " MiB is too little to boot a kernel: use at least " + MIN_MEMORY_MIB + " MiB");
        }
        Objects.requireNonNull(memory, "memory");
        disks = List.copyOf(disks);
        shares = List.copyOf(shares);
        if (disks.size() + shares.size() > MAX_DEVICES) {
            throw new InvalidConfigException("VM " + name + " has " + (disks.size() + shares.size())
                    + " disks and shares, its own root and scratch among them: at most " + MAX_DEVICES + " find room");
        }
        if (memory instanceof MemoryBacking.PrivateFile && !shares.isEmpty()) {
            throw new InvalidConfigException(
                    "VM " + name + " has private memory and shares " + shares.size()
                            + " directories: virtiofsd would write into the file that other VMs begin from; use images instead");
        }
    }

    /** A machine whose memory nobody else needs. */
    public QemuLaunch(
            String name,
            BootSource boot,
            int vcpus,
            long memoryMib,
            Path directory,
            boolean vsock,
            NetworkCard network,
            List<BlockDisk> disks,
            List<SharedDirectory> shares) {
        this(name, boot, vcpus, memoryMib, directory, vsock, network, disks, shares, new MemoryBacking.Anonymous());
    }

    /** A machine without disks and shares. */
    public QemuLaunch(String name, BootSource boot, int vcpus, long memoryMib, Path directory, boolean vsock) {
        this(name, boot, vcpus, memoryMib, directory, vsock, new NetworkCard.None(), List.of(), List.of());
    }

    /** The same with its memory elsewhere. */
    public QemuLaunch withMemory(MemoryBacking backing) {
        return new QemuLaunch(name, boot, vcpus, memoryMib, directory, vsock, network, disks, shares, backing);
    }

    /** Where the back-end of the vsock device listens. */
    public Path vsockSocket() {
        return directory.resolve("vhost.sock");
    }

    /** The same machine started from something else. */
    public QemuLaunch withBoot(BootSource from) {
        return new QemuLaunch(name, from, vcpus, memoryMib, directory, vsock, network, disks, shares, memory);
    }

    /** Where QEMU finds our end of what it tells when it is saved. */
    Path stateSocket() {
        return directory.resolve("save.sock");
    }

    /** Where QEMU finds our end of QMP. */
    public Path qmpSocket() {
        return directory.resolve("qmp.sock");
    }
}
