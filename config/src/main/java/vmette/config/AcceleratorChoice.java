package vmette.config;

/** How the guest's instructions are executed. */
public enum AcceleratorChoice {
    /** KVM where the processor really has it, else TCG. */
    AUTO,
    /** Hardware virtualisation. */
    KVM,
    /** Software emulation: slower, and no security boundary. */
    TCG
}
