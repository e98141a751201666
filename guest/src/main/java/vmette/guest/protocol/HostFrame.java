package vmette.guest.protocol;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import vmette.errors.InvalidConfigException;

/**
 * A frame from the host to the agent.
 *
 * <p>Constructors check what the protocol demands and throw {@link InvalidConfigException}, since it is a caller's argument
 * vector, environment or signal that is wrong. An execution's id is a {@code u64}: every {@code long} is one.
 */
public sealed interface HostFrame {

    /**
     * The first frame on a control connection.
     *
     * @param version the protocol's version, 0 to 65535
     */
    record Hello(int version) implements HostFrame {
        public Hello {
            Checks.u16("protocol version", version);
        }
    }

    /**
     * Sets the guest up, once per boot; answered by READY or ERROR.
     *
     * @param root what commands see as {@code /}
     * @param hostname the guest's name; empty leaves it alone
     * @param environment the base of every command's environment, each {@code KEY=VALUE}
     */
    record Boot(RootMode root, String hostname, List<String> environment) implements HostFrame {
        public Boot {
            Checks.text("hostname", hostname);
            environment = Checks.environment(environment);
        }
    }

    /**
     * Starts a command; answered by STARTED or EXEC_FAILED.
     *
     * @param execution the id that later frames name it by; not in use
     * @param flags see {@link ExecFlag}; with {@link ExecFlag#DETACHED} the outputs are {@link StreamSetup#replay} or
     *     {@link StreamSetup#none}, and stdin none; only with it can there be {@link ExecFlag#BLOCK}; with {@link ExecFlag#PTY} or {@link ExecFlag#MERGE} stderr has to be {@link StreamSetup#none}
     * @param stdin where its input comes from
     * @param stdout where its output goes
     * @param stderr where its error output goes
     * @param outputGrace how long outputs that descendants hold are waited for once the command has ended; 0 to
     *     4294967295 ms, rounded up to whole milliseconds
     * @param killGrace how long after TERM its process group gets KILL; range and rounding likewise
     * @param replayBytes the size of each output's ring, 1 to {@link GuestProtocol#MAX_REPLAY}; 0 unless detached
     * @param window the terminal's size when there is one
     * @param directory the working directory; empty for {@code /}
     * @param arguments the argument vector; at least the program, which is not empty
     * @param environment additions to the base environment, each {@code KEY=VALUE}
     * @param user with {@link ExecFlag#USER} {@code user}, {@code uid}, {@code user:group} or {@code uid:gid}, looked up in the guest's
     *     root; else empty
     */
    record Exec(
            long execution,
            Set<ExecFlag> flags,
            StreamSetup stdin,
            StreamSetup stdout,
            StreamSetup stderr,
            Duration outputGrace,
            Duration killGrace,
            int replayBytes,
            WindowSize window,
            String directory,
            List<String> arguments,
            List<String> environment,
            String user)
            implements HostFrame {
        public Exec {
            flags = flags.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(flags));
            if (flags.contains(ExecFlag.PTY) && stderr.mode() != StreamMode.NONE) {
                throw new InvalidConfigException(
                        "a command with a terminal has no stderr of its own: leave stderr out");
            }
            if (flags.contains(ExecFlag.MERGE) && stderr.mode() != StreamMode.NONE) {
                throw new InvalidConfigException(
                        "a command whose outputs are merged has no stderr of its own: leave stderr out");
            }
            checkReplay(flags, stdin, stdout, stderr, replayBytes);
            outputGrace = Checks.millis("output grace", outputGrace);
            killGrace = Checks.millis("kill grace", killGrace);
            Checks.text("working directory", directory);
            arguments = List.copyOf(arguments);
            if (arguments.isEmpty() || arguments.get(0).isEmpty()) {
                throw new InvalidConfigException("nothing to execute: the argument vector needs a program first");
            }
            arguments.forEach(argument -> Checks.text("argument", argument));
            environment = Checks.environment(environment);
            Checks.text("user", user);
            if (flags.contains(ExecFlag.USER) == user.isEmpty()) {
                throw new InvalidConfigException("a command runs as a user that is named, or as root");
            }
        }

        /** A command that is not detached, run by root. */
        public Exec(
                long execution,
                Set<ExecFlag> flags,
                StreamSetup stdin,
                StreamSetup stdout,
                StreamSetup stderr,
                Duration outputGrace,
                Duration killGrace,
                WindowSize window,
                String directory,
                List<String> arguments,
                List<String> environment) {
            this(
                    execution,
                    flags,
                    stdin,
                    stdout,
                    stderr,
                    outputGrace,
                    killGrace,
                    0,
                    window,
                    directory,
                    arguments,
                    environment,
                    "");
        }

        private static void checkReplay(
                Set<ExecFlag> flags, StreamSetup stdin, StreamSetup stdout, StreamSetup stderr, int replayBytes) {
            boolean detached = flags.contains(ExecFlag.DETACHED);
            if (flags.contains(ExecFlag.BLOCK) && !detached) {
                throw new InvalidConfigException("only the outputs of a detached command can block");
            }
            if (stdin.mode() == StreamMode.REPLAY || (detached && stdin.mode() != StreamMode.NONE)) {
                throw new InvalidConfigException("a detached command has no stdin: leave stdin out");
            }
            StreamMode other = detached ? StreamMode.CONNECTION : StreamMode.REPLAY;
            if (stdout.mode() == other || stderr.mode() == other) {
                throw new InvalidConfigException(
                        detached
                                ? "the outputs of a detached command go to replay rings or nowhere"
                                : "only the outputs of a detached command go to replay rings");
            }
            if (detached ? replayBytes < 1 || replayBytes > GuestProtocol.MAX_REPLAY : replayBytes != 0) {
                throw new InvalidConfigException("a replay ring of " + Integer.toUnsignedString(replayBytes)
                        + " bytes is out of range: 1 to " + GuestProtocol.MAX_REPLAY
                        + " for a detached command, 0 for any other");
            }
        }
    }

    /**
     * Sends a signal.
     *
     * @param execution whose command
     * @param signal 1 to 64 (signal(7) on x86-64)
     * @param group to the command's whole process group, not to the command alone
     */
    record Signal(long execution, int signal, boolean group) implements HostFrame {
        public Signal {
            if (signal < 1 || signal > 64) {
                throw new InvalidConfigException("there is no signal " + signal + ": signals are 1 to 64");
            }
        }
    }

    /**
     * Tells a command's terminal its new size.
     *
     * @param execution whose command
     * @param window the size
     */
    record Resize(long execution, WindowSize window) implements HostFrame {}

    /**
     * Asks for a PONG.
     *
     * @param nonce what the PONG has to bring back
     */
    record Ping(long nonce) implements HostFrame {}

    /** Ends the guest: TERM to all, a short wait, KILL, sync, power off. */
    record Shutdown() implements HostFrame {}

    /**
     * Says that nobody is going to claim a stream: an output is drained and dropped from now on, stdin gets end of file.
     *
     * @param execution whose command
     * @param stream which of its streams
     */
    record Discard(long execution, StreamId stream) implements HostFrame {}

    /**
     * Connects to a TCP port of the guest's loopback; answered by FORWARDED, after which the data connection may be dialled.
     *
     * @param forward the id that names it, not in use; forwards and executions are numbered apart
     * @param token what the data connection has to show; {@link Token#ZERO} exactly when the port is 0
     * @param port 1 to 65535, or 0: nobody wants this forward any more, what there is of it is reset
     */
    record Forward(long forward, Token token, int port) implements HostFrame {
        public Forward {
            Checks.u16("guest port", port);
            if ((port == 0) != token.equals(Token.ZERO)) {
                throw new InvalidConfigException("a forward needs a random token, and giving one up needs none");
            }
        }

        /** Gives a forward up. */
        public static Forward giveUp(long forward) {
            return new Forward(forward, Token.ZERO, 0);
        }
    }

    /**
     * Says before BOOT which disk takes what is written to the root and to {@code /tmp}; without it memory does.
     *
     * @param serial the disk's serial, 1 to 20 bytes; it holds an ext4 file system
     */
    record Scratch(String serial) implements HostFrame {
        public Scratch {
            Checks.text("serial", serial);
        }
    }

    /**
     * Says before BOOT what the commands' root is made of; without it they stay in the initramfs.
     *
     * @param readOnly writes fail with EROFS; else they go to an overlay
     * @param switchRoot by switch_root; else by chroot
     * @param type the file system, such as squashfs, or {@code virtiofs}
     * @param source the disk's serial, or the tag
     */
    record Root(boolean readOnly, boolean switchRoot, String type, String source) implements HostFrame {
        public Root {
            Checks.text("file system", type);
            Checks.text("root's source", source);
        }
    }

    /**
     * Says before BOOT that a directory of the host is to be at {@code /mnt/TAG}.
     *
     * @param readOnly it is mounted read-only; that it is so is a matter of the host
     * @param tag the virtio-fs device's
     */
    record Share(boolean readOnly, String tag) implements HostFrame {
        public Share {
            Checks.text("tag", tag);
        }
    }

    /**
     * Says before BOOT how the guest's network card is to be set up; without it there is none.
     *
     * @param address its own, IPv4
     * @param prefix bits of the network's part, 0 to 32
     * @param gateway where all else is sent
     * @param nameserver for resolv.conf
     */
    record Net(Ipv4 address, int prefix, Ipv4 gateway, Ipv4 nameserver) implements HostFrame {
        public Net {
            if (prefix < 0 || prefix > 32) {
                throw new InvalidConfigException("a network's prefix of " + prefix + " bits is out of range: 0 to 32");
            }
        }
    }

    /**
     * Says before BOOT which certificates the root's programs are to trust as well; several of these add up.
     *
     * @param certificates each as PEM, its last line ended; of all such frames at most {@link GuestProtocol#MAX_CERTIFICATES}, and
     *     {@link GuestProtocol#MAX_TRUST} bytes with four more for each
     */
    record Trust(List<String> certificates) implements HostFrame {
        public Trust {
            certificates = List.copyOf(certificates);
            certificates.forEach(certificate -> Checks.text("certificate", certificate));
        }
    }

    /**
     * Gives a guest that was saved the time, randomness and names of its own, before anything else is let in; answered by RESTORED or
     * ERROR. May be repeated, and does a guest that was never saved no harm.
     *
     * @param wall the time as this is sent, from 1970 to 2262
     * @param entropy fresh for each of these frames
     * @param instance what the guest is known by from now on
     * @param hostname its new name; empty leaves it alone
     * @param environment the base of every later command's environment in place of BOOT's, each {@code KEY=VALUE}
     */
    record Restore(Instant wall, Entropy entropy, InstanceId instance, String hostname, List<String> environment)
            implements HostFrame {
        public Restore {
            if (wall.isBefore(Instant.EPOCH) || wall.isAfter(WireTime.LAST)) {
                throw new InvalidConfigException(
                        "the time " + wall + " is out of range: 1970 to " + WireTime.LAST + "; set this host's clock");
            }
            Checks.text("hostname", hostname);
            environment = Checks.environment(environment);
        }
    }

    /**
     * Says before BOOT what this boot is known by.
     *
     * @param instance of its own for each boot
     */
    record Instance(InstanceId instance) implements HostFrame {}

    /**
     * Attaches to an output of a detached command; answered by ATTACHED.
     *
     * @param execution whose command
     * @param stream which of its outputs
     * @param token what the data connection is going to show; random
     * @param from the offset of the first byte wanted, not negative
     */
    record Attach(long execution, StreamId stream, Token token, long from) implements HostFrame {
        public Attach {
            if (from < 0) {
                throw new InvalidConfigException("an output has no offset " + from + ": the first is 0");
            }
        }
    }

    /**
     * Says that nobody is going to ask for a detached command any more: its rings go at once, the rest when it has ended.
     *
     * @param execution which one
     */
    record Release(long execution) implements HostFrame {}
}
