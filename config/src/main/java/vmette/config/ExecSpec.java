package vmette.config;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import vmette.errors.InvalidConfigException;

/**
 * One command to be run in a VM. Immutable; the {@code with...} methods give changed copies.
 *
 * @param arguments program and arguments, at least the program; a program without a slash is looked up in PATH
 * @param env added to the VM's environment, overriding it; names are POSIX identifiers
 * @param directory where it starts, absolute; empty: {@code /}
 * @param stdin whether it has a standard input to be written to; else {@code /dev/null}
 * @param stdout whether its standard output is wanted; else it is dropped in the guest
 * @param stderr whether its standard error is wanted; else it is dropped in the guest
 * @param terminal a pty of that size as its standard input, output and error
 * @param leaveGroup whether what it leaves running may go on after its end
 * @param outputGrace overrides {@code vmette.exec.output-grace}
 * @param claimTimeout overrides {@code vmette.exec.claim-timeout}
 */
public record ExecSpec(
        List<String> arguments,
        Map<String, String> env,
        Optional<String> directory,
        boolean stdin,
        boolean stdout,
        boolean stderr,
        Optional<Terminal> terminal,
        boolean leaveGroup,
        Optional<Duration> outputGrace,
        Optional<Duration> claimTimeout) {

    /**
     * A terminal's size in characters.
     *
     * @param rows 0 (unknown) to 65535
     * @param columns 0 (unknown) to 65535
     */
    public record Terminal(int rows, int columns) {
        /** Checks what is given. */
        public Terminal {
            Checks.range("terminal rows", rows, 0, 65535);
            Checks.range("terminal columns", columns, 0, 65535);
        }
    }

    /** Checks what is given. */
    public ExecSpec {
        arguments = List.copyOf(arguments);
        if (arguments.isEmpty() || arguments.get(0).isEmpty()) {
            throw new InvalidConfigException("a command needs a program as its first argument");
        }
        arguments.forEach(argument -> Checks.noNul("argument", argument));
        env = Map.copyOf(env);
        env.forEach(Checks::environment);
        directory.ifPresent(given -> {
            Checks.noNul("directory", given);
            if (!given.startsWith("/")) {
                throw Checks.refuse("directory", given, "an absolute path");
            }
        });
        outputGrace.ifPresent(grace -> Checks.notNegative("output-grace", grace));
        claimTimeout.ifPresent(timeout -> Checks.positive("claim-timeout", timeout));
        Objects.requireNonNull(terminal, "terminal");
    }

    /** A program with its arguments, all three streams wanted. */
    public static ExecSpec of(String... arguments) {
        return of(List.of(arguments));
    }

    /** A program with its arguments, all three streams wanted. */
    public static ExecSpec of(List<String> arguments) {
        return new ExecSpec(
                arguments,
                Map.of(),
                Optional.empty(),
                true,
                true,
                true,
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.empty());
    }

    /** A command line for {@code /bin/sh -c}, all three streams wanted. */
    public static ExecSpec shell(String commandLine) {
        return of("/bin/sh", "-c", commandLine);
    }

    /** With one more environment variable. */
    public ExecSpec withEnv(String key, String value) {
        Map<String, String> more = new LinkedHashMap<>(env);
        more.put(key, value);
        return new ExecSpec(
                arguments, more, directory, stdin, stdout, stderr, terminal, leaveGroup, outputGrace, claimTimeout);
    }

    /** Starting in another directory. */
    public ExecSpec withDirectory(String value) {
        return new ExecSpec(
                arguments,
                env,
                Optional.of(value),
                stdin,
                stdout,
                stderr,
                terminal,
                leaveGroup,
                outputGrace,
                claimTimeout);
    }

    /** With {@code /dev/null} as standard input. */
    public ExecSpec withoutStdin() {
        return new ExecSpec(
                arguments, env, directory, false, stdout, stderr, terminal, leaveGroup, outputGrace, claimTimeout);
    }

    /** With standard output dropped in the guest. */
    public ExecSpec discardStdout() {
        return new ExecSpec(
                arguments, env, directory, stdin, false, stderr, terminal, leaveGroup, outputGrace, claimTimeout);
    }

    /** With standard error dropped in the guest. */
    public ExecSpec discardStderr() {
        return new ExecSpec(
                arguments, env, directory, stdin, stdout, false, terminal, leaveGroup, outputGrace, claimTimeout);
    }

    /** On a pty: standard error arrives with standard output. */
    public ExecSpec withTerminal(int rows, int columns) {
        return new ExecSpec(
                arguments,
                env,
                directory,
                stdin,
                stdout,
                false,
                Optional.of(new Terminal(rows, columns)),
                leaveGroup,
                outputGrace,
                claimTimeout);
    }

    /** Leaving alone what it leaves running. */
    public ExecSpec leavingGroup() {
        return new ExecSpec(
                arguments, env, directory, stdin, stdout, stderr, terminal, true, outputGrace, claimTimeout);
    }

    /** With another output grace. */
    public ExecSpec withOutputGrace(Duration value) {
        return new ExecSpec(
                arguments,
                env,
                directory,
                stdin,
                stdout,
                stderr,
                terminal,
                leaveGroup,
                Optional.of(value),
                claimTimeout);
    }

    /** With another claim timeout. */
    public ExecSpec withClaimTimeout(Duration value) {
        return new ExecSpec(
                arguments,
                env,
                directory,
                stdin,
                stdout,
                stderr,
                terminal,
                leaveGroup,
                outputGrace,
                Optional.of(value));
    }
}
