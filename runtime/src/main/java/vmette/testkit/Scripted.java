package vmette.testkit;

import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;

/** What is given scripts: a VM, or all of a kit's. */
abstract class Scripted<S> {
    abstract Scripts scripts();

    abstract S self();

    /** Every command runs a script, unless what was said later, or of its VM, has one for it. */
    public S onExec(Function<GuestCommand, Script> script) {
        return onExec(command -> true, script);
    }

    /** A command line of {@code /bin/sh -c}, or a program with its arguments and spaces between, runs a script. */
    public S onExec(String line, Script script) {
        Objects.requireNonNull(script, "script");
        return onExec(line, command -> script);
    }

    /** The same with a script for each time. */
    public S onExec(String line, Function<GuestCommand, Script> script) {
        Objects.requireNonNull(line, "line");
        return onExec(command -> command.line().equals(line), script);
    }

    /** Commands of a kind run a script. */
    public S onExec(Predicate<GuestCommand> which, Function<GuestCommand, Script> script) {
        scripts().onExec(which, script);
        return self();
    }

    /**
     * A program in the guest listens on a vsock port; each connection of the host's is served by the script.
     *
     * @param port any but the agent's, 1024
     */
    public S onVsock(int port, Script script) {
        scripts().onVsock(port, script);
        return self();
    }

    /** A program in the guest listens on a TCP port; each connection is served by the script. */
    public S onTcp(int port, Script script) {
        scripts().onTcp(port, script);
        return self();
    }
}
