package vmette.control;

import vmette.config.ExecSpec;

/** A pool that clients of the control socket run commands in the VMs of. Thread-safe; nothing blocks. */
public interface ControlledPool {
    /** What it is called. */
    String name();

    /** How it stands: {@code name}, {@code ready} ... as {@code docs/control.md} has them. */
    Facts status();

    /**
     * Runs a command in a VM that is acquired for it, and released when the command has ended and its outputs have been taken, or it is {@linkplain ControlledCommand#terminate terminated},
     * also while it waits for a VM.
     */
    ControlledCommand run(ExecSpec spec);
}
