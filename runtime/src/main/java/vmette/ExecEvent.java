package vmette;

import akka.util.ByteString;

/** What comes out of {@link VmHandle#execFlow}: Started, then what the command writes, then Exited. */
public sealed interface ExecEvent {
    /**
     * The command runs. First, once.
     *
     * @param pid its process id in the guest
     */
    record Started(int pid) implements ExecEvent {}

    /** What the command wrote to its standard output, or to its terminal, or to either output if they are merged. Never empty. */
    record Stdout(ByteString bytes) implements ExecEvent {}

    /** What the command wrote to its standard error. Never empty. */
    record Stderr(ByteString bytes) implements ExecEvent {}

    /** The command has ended and both outputs have been told to their end. Last, once. */
    record Exited(ExitStatus status) implements ExecEvent {}
}
