package vmette.qemu;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import vmette.errors.InvalidConfigException;

/**
 * Composes the guest kernel's command line: a tunable part, which the user may replace, and a fixed one, which the
 * runtime needs and which comes last, because the last word of a kind wins.
 */
public final class KernelCommandLine {
    /** The longest command line in bytes: COMMAND_LINE_SIZE of arch/x86/include/asm/setup.h less the NUL. */
    public static final int MAX_BYTES = 2047;

    /**
     * Boot time only: no timer calibration and interrupt checks that emulated hardware passes, no waiting for entropy
     * or grace periods, no self-tests, no security modules for policies that an initramfs does not load anyway: every system call would ask them.
     */
    private static final String QUICK = "quiet tsc=reliable no_timer_check noreplace-smp random.trust_cpu=on"
            + " rcupdate.rcu_expedited=1 ima=off lsm=landlock,lockdown,yama cryptomgr.notests";

    /**
     * Under TCG there is no boundary that these would guard; under KVM the guest keeps its hardening. The third makes the kernel copy
     * and clear by unrolled loops: each round of a {@code rep movsq} costs TCG as much as a whole block of them. The fourth saves it
     * from clearing each packet's buffer before it is filled, which Debian's kernel does by default. The others are accounts that nobody
     * reads, kept at every switch, session and allocation.
     */
    private static final String TCG_ONLY = " nokaslr mitigations=off clearcpuid=rep_good init_on_alloc=0"
            + " noautogroup psi=0 cgroup.memory=nokmem,nosocket";

    /** {@code panic=-1} makes a panic a reset, which with {@code -no-reboot} ends QEMU. */
    private static final String FIXED = "console=ttyS0 panic=-1 rdinit=/vmette/agent";

    /**
     * Spares every PCI device, hotplugged or not, an interpretation of the DSDT's _PRT (100 ms under TCG). Not for several CPUs: a
     * kernel without CONFIG_X86_MPPARSE, as Debian's cloud kernel, then goes without its APIC and so without the other CPUs.
     */
    private static final String ONE_CPU_ONLY = " acpi=noirq";

    private KernelCommandLine() {}

    /** The tunable part where the user gives none. */
    public static String defaults(Accelerator accelerator) {
        return accelerator == Accelerator.TCG ? QUICK + TCG_ONLY : QUICK;
    }

    /**
     * The whole command line.
     *
     * @param tunable {@link #defaults} or the user's own words instead
     * @param vcpus the machine's virtual CPUs
     * @param extra words for the agent, put after all others; may be empty
     * @throws InvalidConfigException if it is too long or holds something that would disable the fixed part: a control
     *     character, an unpaired quote, or the word {@code --}, after which the kernel reads nothing
     */
    public static String compose(String tunable, int vcpus, String extra) {
        check(tunable);
        check(extra);
        String line = (tunable.strip() + " " + FIXED + (vcpus == 1 ? ONE_CPU_ONLY : "") + " " + extra.strip()).strip();
        int bytes = line.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MAX_BYTES) {
            throw new InvalidConfigException("the kernel command line has " + bytes + " bytes, the kernel takes "
                    + MAX_BYTES + ": shorten cmdline by " + (bytes - MAX_BYTES));
        }
        return line;
    }

    private static void check(String words) {
        if (words.chars().anyMatch(Character::isISOControl)) {
            throw new InvalidConfigException("cmdline holds a control character: write it as one line");
        }
        if (words.chars().filter(c -> c == '"').count() % 2 != 0) {
            throw new InvalidConfigException("cmdline holds an unpaired double quote: close it");
        }
        if (Arrays.asList(words.split(" ", -1)).contains("--")) {
            throw new InvalidConfigException(
                    "cmdline holds the word \"--\", after which the kernel reads no parameters: leave it out");
        }
    }
}
