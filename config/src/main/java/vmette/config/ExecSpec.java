package vmette.config;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
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
 * @param mergeOutputs whether standard error goes into standard output's very pipe, in the order written
 * @param leaveGroup whether what it leaves running may go on after its end
 * @param outputGrace overrides {@code vmette.exec.output-grace}
 * @param killGrace overrides {@code vmette.exec.kill-grace}
 * @param claimTimeout overrides {@code vmette.exec.claim-timeout}
 * @param user {@code user}, {@code uid}, {@code user:group} or {@code uid:gid}, looked up in the guest's root; empty: the image's, or root
 * @param imageUse what the root's image may do to the arguments
 * @param replay present: detached, with its outputs kept in the guest; it has no standard input then
 */
public record ExecSpec(
        List<String> arguments,
        Map<String, String> env,
        Optional<String> directory,
        boolean stdin,
        boolean stdout,
        boolean stderr,
        Optional<Terminal> terminal,
        boolean mergeOutputs,
        boolean leaveGroup,
        Optional<Duration> outputGrace,
        Optional<Duration> killGrace,
        Optional<Duration> claimTimeout,
        Optional<String> user,
        ImageUse imageUse,
        Optional<Replay> replay) {

    /** What an image's entrypoint and command have to do with a command; without an image nothing. */
    public enum ImageUse {
        /** The arguments are run as they are. */
        NOTHING,
        /** The entrypoint goes before the arguments. */
        ENTRYPOINT,
        /** Entrypoint and command take the place of the arguments, unless the image has neither. */
        COMMAND,
        /** Entrypoint and command are what is run; where the root is no image that has either, that is refused. */
        ONLY_COMMAND
    }

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

    /** What a full replay ring does while nobody is attached; attached, the reader's pace is the command's. */
    public enum WhenFull {
        /** The oldest bytes are overwritten; a client that comes too late for them learns exactly which. */
        OVERWRITE,
        /** The command is held back as by a full pipe; nothing is overwritten that no client has received. */
        BLOCK
    }

    /**
     * How the outputs of a detached command are kept.
     *
     * @param bytes of each output, overriding {@code vmette.exec.replay-buffer}; {@value #MIN_BYTES} to {@value #MAX_BYTES}
     * @param whenFull what happens when more is written than they hold
     */
    public record Replay(Optional<Integer> bytes, WhenFull whenFull) {
        /** The smallest ring. */
        public static final int MIN_BYTES = 4 << 10;

        /** The largest ring. */
        public static final int MAX_BYTES = 64 << 20;

        /** Checks what is given. */
        public Replay {
            bytes.ifPresent(size -> Checks.range("replay buffer", size, MIN_BYTES, MAX_BYTES));
            Objects.requireNonNull(whenFull, "whenFull");
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
        killGrace.ifPresent(grace -> Checks.notNegative("kill-grace", grace));
        claimTimeout.ifPresent(timeout -> Checks.positive("claim-timeout", timeout));
        Objects.requireNonNull(terminal, "terminal");
        user.ifPresent(given -> {
            Checks.noNul("user", given);
            if (given.isEmpty() || given.startsWith(":") || given.endsWith(":")) {
                throw Checks.refuse("user", "'" + given + "'", "USER, UID, USER:GROUP or UID:GID");
            }
        });
        Objects.requireNonNull(imageUse, "imageUse");
        if (replay.isPresent() && stdin) {
            throw new InvalidConfigException("a detached command has no standard input: leave it out");
        }
    }

    /** A program with its arguments, all three streams wanted. */
    public static ExecSpec of(String... arguments) {
        return of(List.of(arguments));
    }

    /** A program with its arguments, all three streams wanted. */
    public static ExecSpec of(List<String> arguments) {
        return new Draft(arguments).spec();
    }

    /** A command line for {@code /bin/sh -c}, all three streams wanted. */
    public static ExecSpec shell(String commandLine) {
        return of("/bin/sh", "-c", commandLine);
    }

    /** What the image that is the VM's root says is to be run; refused in the guest of any other root. All three streams wanted. */
    public static ExecSpec imageCommand() {
        return of("the command of the root's image").with(draft -> draft.imageUse = ImageUse.ONLY_COMMAND);
    }

    /** With one more environment variable. */
    public ExecSpec withEnv(String key, String value) {
        return with(draft -> draft.env.put(key, value));
    }

    /** Starting in another directory. */
    public ExecSpec withDirectory(String value) {
        return with(draft -> draft.directory = Optional.of(value));
    }

    /** As another user of the guest's root. */
    public ExecSpec withUser(String value) {
        return with(draft -> draft.user = Optional.of(value));
    }

    /** With other arguments. */
    public ExecSpec withArguments(List<String> value) {
        return with(draft -> draft.arguments = value);
    }

    /** After the entrypoint of the root's image. */
    public ExecSpec afterEntrypoint() {
        return with(draft -> draft.imageUse = ImageUse.ENTRYPOINT);
    }

    /** In case the root's image says nothing of what is to be run. */
    public ExecSpec orImageCommand() {
        return with(draft -> draft.imageUse = ImageUse.COMMAND);
    }

    /** With {@code /dev/null} as standard input. */
    public ExecSpec withoutStdin() {
        return with(draft -> draft.stdin = false);
    }

    /** With standard output dropped in the guest. */
    public ExecSpec discardStdout() {
        return with(draft -> draft.stdout = false);
    }

    /** With standard error dropped in the guest. */
    public ExecSpec discardStderr() {
        return with(draft -> draft.stderr = false);
    }

    /**
     * With standard error in standard output's very pipe: both arrive as standard output, in the order in which they were written. There is no
     * standard error of its own then.
     */
    public ExecSpec mergingOutputs() {
        return with(draft -> {
            draft.mergeOutputs = true;
            draft.stderr = false;
        });
    }

    /** On a pty: standard error arrives with standard output. */
    public ExecSpec withTerminal(int rows, int columns) {
        return with(draft -> {
            draft.terminal = Optional.of(new Terminal(rows, columns));
            draft.stderr = false;
        });
    }

    /** Leaving alone what it leaves running. */
    public ExecSpec leavingGroup() {
        return with(draft -> draft.leaveGroup = true);
    }

    /** With another output grace. */
    public ExecSpec withOutputGrace(Duration value) {
        return with(draft -> draft.outputGrace = Optional.of(value));
    }

    /** With another time between TERM and KILL. */
    public ExecSpec withKillGrace(Duration value) {
        return with(draft -> draft.killGrace = Optional.of(value));
    }

    /** With another claim timeout. */
    public ExecSpec withClaimTimeout(Duration value) {
        return with(draft -> draft.claimTimeout = Optional.of(value));
    }

    /** Detached, to be started by {@code VmHandle.start}, with the settings' replay buffer; without standard input. */
    public ExecSpec detached(WhenFull whenFull) {
        return with(draft -> {
            draft.replay = Optional.of(new Replay(draft.replay.flatMap(Replay::bytes), whenFull));
            draft.stdin = false;
        });
    }

    /**
     * Detached, with another replay buffer.
     *
     * @param bytes of each output, {@value Replay#MIN_BYTES} to {@value Replay#MAX_BYTES}
     */
    public ExecSpec detached(WhenFull whenFull, int bytes) {
        return with(draft -> {
            draft.replay = Optional.of(new Replay(Optional.of(bytes), whenFull));
            draft.stdin = false;
        });
    }

    private ExecSpec with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.spec();
    }

    /** A copy being changed. */
    private static final class Draft {
        private List<String> arguments;
        private final Map<String, String> env = new LinkedHashMap<>();
        private Optional<String> directory = Optional.empty();
        private boolean stdin = true;
        private boolean stdout = true;
        private boolean stderr = true;
        private Optional<Terminal> terminal = Optional.empty();
        private boolean mergeOutputs;
        private boolean leaveGroup;
        private Optional<Duration> outputGrace = Optional.empty();
        private Optional<Duration> killGrace = Optional.empty();
        private Optional<Duration> claimTimeout = Optional.empty();
        private Optional<String> user = Optional.empty();
        private ImageUse imageUse = ImageUse.NOTHING;
        private Optional<Replay> replay = Optional.empty();

        Draft(List<String> arguments) {
            this.arguments = arguments;
        }

        Draft(ExecSpec spec) {
            arguments = spec.arguments;
            env.putAll(spec.env);
            directory = spec.directory;
            stdin = spec.stdin;
            stdout = spec.stdout;
            stderr = spec.stderr;
            terminal = spec.terminal;
            mergeOutputs = spec.mergeOutputs;
            leaveGroup = spec.leaveGroup;
            outputGrace = spec.outputGrace;
            killGrace = spec.killGrace;
            claimTimeout = spec.claimTimeout;
            user = spec.user;
            imageUse = spec.imageUse;
            replay = spec.replay;
        }

        ExecSpec spec() {
            return new ExecSpec(
                    arguments,
                    env,
                    directory,
                    stdin,
                    stdout,
                    stderr,
                    terminal,
                    mergeOutputs,
                    leaveGroup,
                    outputGrace,
                    killGrace,
                    claimTimeout,
                    user,
                    imageUse,
                    replay);
        }
    }
}
