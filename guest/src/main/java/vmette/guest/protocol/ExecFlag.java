package vmette.guest.protocol;

import java.util.Set;

/** The bits of EXEC's {@code u32 flags}. */
public enum ExecFlag {
    /** The command gets a terminal, which is its stdin and stdout; it has no stderr of its own. */
    PTY(1),
    /** The command's process group is left alone when the command ends. */
    LEAVE_GROUP(1 << 1),
    /** The command's outputs go to replay rings that a host attaches to, and its end is kept until it is released. */
    DETACHED(1 << 2),
    /** The command's stderr is its stdout: both in one pipe. */
    MERGE(1 << 3),
    /** The first argument names a built-in of the agent, not a program; not with {@link #PTY}. */
    BUILTIN(1 << 4),
    /** A full replay ring holds a detached command back; else its oldest bytes are overwritten while nobody is attached. */
    BLOCK(1 << 5),
    /** The command runs as a user of the guest, not as root. */
    USER(1 << 6);

    private final int bit;

    ExecFlag(int bit) {
        this.bit = bit;
    }

    int bit() {
        return bit;
    }

    static int bits(Set<ExecFlag> flags) {
        int bits = 0;
        for (ExecFlag flag : flags) {
            bits |= flag.bit();
        }
        return bits;
    }
}
