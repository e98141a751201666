package vmette.snapshot;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a snapshot can only be restored with. All texts have 1 to 4096 characters that can be shown.
 *
 * @param vmm the monitor, as {@code qemu}
 * @param vmmVersion its version
 * @param type of machine, as {@code pc}
 * @param accelerator what ran the guest
 * @param cpu the processor that the guest has seen
 * @param vcpus 1 to 255
 * @param memoryMib 1 to 2^24, in MiB
 * @param kernel SHA-256 of the file that was booted, in small hexadecimal digits
 * @param initramfs likewise
 * @param spec whatever else of the VM has to be the same, by its name in the configuration; at most 64
 */
public record MachineIdentity(
        String vmm,
        String vmmVersion,
        String type,
        String accelerator,
        String cpu,
        int vcpus,
        long memoryMib,
        String kernel,
        String initramfs,
        SortedMap<String, String> spec) {
    static final int MAX_SPEC = 64;
    static final long MAX_MEMORY_MIB = 1L << 24;
    private static final int MAX_VCPUS = 255;
    private static final int SHORT_DIGEST = 12;

    /** @throws IllegalArgumentException if something is not as said */
    public MachineIdentity {
        Texts.plain("vmm", vmm);
        Texts.plain("vmm-version", vmmVersion);
        Texts.plain("type", type);
        Texts.plain("accelerator", accelerator);
        Texts.plain("cpu", cpu);
        Texts.range("vcpus", vcpus, 1, MAX_VCPUS);
        Texts.range("memory-mib", memoryMib, 1, MAX_MEMORY_MIB);
        Texts.digest("kernel", kernel);
        Texts.digest("initramfs", initramfs);
        Texts.range("spec's size", spec.size(), 0, MAX_SPEC);
        spec.forEach((name, value) -> Texts.plain("spec." + Texts.plain("a name in spec", name), value));
        spec = new TreeMap<>(spec);
    }

    /** A copy. */
    @Override
    public SortedMap<String, String> spec() {
        return new TreeMap<>(spec);
    }

    /**
     * What keeps a snapshot of this machine from being restored here, a line each: none, and it can be.
     *
     * @param here what would run it
     */
    public List<String> differences(MachineIdentity here) {
        List<String> found = new ArrayList<>();
        compare(found, "the monitor", vmm, here.vmm);
        compare(found, "the version of " + here.vmm, vmmVersion, here.vmmVersion);
        compare(found, "the machine", type, here.type);
        compare(found, "the accelerator", accelerator, here.accelerator);
        compare(found, "the CPU model", cpu, here.cpu);
        compare(found, "vcpus", Integer.toString(vcpus), Integer.toString(here.vcpus));
        compare(found, "memory in MiB", Long.toString(memoryMib), Long.toString(here.memoryMib));
        compare(found, "the kernel (SHA-256)", head(kernel), head(here.kernel), kernel.equals(here.kernel));
        compare(
                found,
                "the initramfs (SHA-256)",
                head(initramfs),
                head(here.initramfs),
                initramfs.equals(here.initramfs));
        SortedMap<String, String> names = new TreeMap<>(spec);
        names.putAll(here.spec);
        names.keySet()
                .forEach(name -> compare(
                        found, name, spec.getOrDefault(name, "not set"), here.spec.getOrDefault(name, "not set")));
        return List.copyOf(found);
    }

    private static String head(String digest) {
        return digest.substring(0, SHORT_DIGEST);
    }

    private static void compare(List<String> found, String what, String then, String now) {
        compare(found, what, then, now, then.equals(now));
    }

    private static void compare(List<String> found, String what, String then, String now, boolean same) {
        if (!same) {
            found.add(what + " was " + then + " and is " + now);
        }
    }
}
