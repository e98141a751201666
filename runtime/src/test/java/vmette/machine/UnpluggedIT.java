package vmette.machine;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.RuntimeSettings;
import vmette.guest.protocol.AgentFrame;
import vmette.guest.protocol.AgentFrame.AttachmentState;
import vmette.guest.protocol.Entropy;
import vmette.guest.protocol.ExecFlag;
import vmette.guest.protocol.GuestProtocol;
import vmette.guest.protocol.HostFrame;
import vmette.guest.protocol.InstanceId;
import vmette.guest.protocol.Openings;
import vmette.guest.protocol.RootMode;
import vmette.guest.protocol.StreamId;
import vmette.guest.protocol.StreamSetup;
import vmette.guest.protocol.Token;
import vmette.guest.protocol.WindowSize;

/** A real guest whose vsock device goes and comes back, as for a save, and what its agent makes of that and of RESTORE. */
class UnpluggedIT {
    private static final InstanceId FIRST = InstanceId.random();
    private static final InstanceId SECOND = InstanceId.random();
    private static final String COUNTER = "i=0; while :; do echo $i; i=$((i+1)); usleep 2000; done";

    /** It writes whenever its guest lets it, and so, most likely, just when the device goes. */
    private static final String BUSY_COUNTER = "i=0; while :; do echo $i; i=$((i+1)); done";

    private static final int BUSY = 4;

    @TempDir
    private Path temporary;

    private HandMadeVm vm;
    private HandMadeLink control;

    @BeforeEach
    void boot() throws Exception {
        Path directory = Files.createDirectory(
                temporary.resolve("vm"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        vm = HandMadeVm.boot(directory, RuntimeSettings.load());
        control = HandMadeLink.dial(vm.vsock(), Openings.control());
        control.say(
                new HostFrame.Hello(GuestProtocol.VERSION),
                new HostFrame.Instance(FIRST),
                new HostFrame.Boot(RootMode.INITRAMFS, "first", List.of("WHO=first", "OLD=1")));
        control.hear(AgentFrame.Ready.class);
    }

    @AfterEach
    void close() {
        vm.close();
    }

    @Test
    void commandsGoOnAndAreAttachedToAgainAndTheGuestIsAnother() throws Exception {
        assertThat(out(90, "cat /run/vmette/instance-id; echo $VMETTE_INSTANCE_ID $WHO $(hostname)"))
                .isEqualTo(FIRST + "\n" + FIRST + " first first\n");
        control.say(exec(1, Set.of(ExecFlag.DETACHED, ExecFlag.BLOCK), StreamSetup.replay(), 1 << 20, COUNTER));
        control.hear(AgentFrame.Started.class);
        List<HandMadeLink> ordinary = new ArrayList<>();
        for (int i = 0; i < BUSY; i++) {
            ordinary.add(start(2 + i, BUSY_COUNTER));
        }
        for (HandMadeLink output : ordinary) {
            output.awaitMoreThan(200);
        }

        vm.unplug();
        List<Integer> before = new ArrayList<>();
        for (HandMadeLink output : ordinary) {
            assertThat(output.awaitEnd()).isNotEmpty();
            before.add(output.received().length);
        }
        vm.plugIn();
        control = HandMadeLink.dial(vm.vsock(), Openings.control());
        Instant sent = Instant.now();
        control.say(
                new HostFrame.Hello(GuestProtocol.VERSION),
                new HostFrame.Restore(sent, Entropy.fresh(), SECOND, "second", List.of("WHO=second")));
        List<AgentFrame> heard = control.hear(AgentFrame.Restored.class);

        assertThat(heard.get(0)).isInstanceOf(AgentFrame.Hello.class);
        AgentFrame.Restored restored = (AgentFrame.Restored) heard.get(heard.size() - 1);
        while (started(heard).count() < 1 + BUSY) {
            heard.addAll(control.hear(AgentFrame.Started.class));
        }
        assertThat(started(heard)).containsExactlyInAnyOrder(1L, 2L, 3L, 4L, 5L);
        assertThat(restored.instance()).isEqualTo(SECOND);
        assertThat(restored.stepped()).isGreaterThan(Duration.ofDays(5 * 365));
        assertThat(restored.wall()).isBetween(sent, Instant.now().plusMillis(100));
        System.out.println("UnpluggedIT: RESTORE took " + restored.took());
        String told = out(91, "cat /run/vmette/instance-id; echo $VMETTE_INSTANCE_ID $WHO$OLD $(hostname); date +%s");
        assertThat(told).matches(SECOND + "\n" + SECOND + " second second\n\\d+\n");
        assertThat(Long.parseLong(told.lines().toList().get(2)))
                .isBetween(sent.getEpochSecond(), Instant.now().getEpochSecond());

        assertGoesOn(1, 0, 0);
        for (int i = 0; i < BUSY; i++) {
            assertGoesOn(2 + i, before.get(i), Long.MAX_VALUE);
        }
        control.say(new HostFrame.Shutdown());
        vm.awaitExit();
    }

    /** Attaches from an offset: what is there begins at most so much later, and is what a counter writes from there on, without an end. */
    private void assertGoesOn(long execution, int from, long mostGap) throws Exception {
        Token token = Token.random();
        control.say(new HostFrame.Attach(execution, StreamId.STDOUT, token, from));
        List<AgentFrame> heard = control.hear(AgentFrame.Attached.class);
        AgentFrame.Attached attached = (AgentFrame.Attached) heard.get(heard.size() - 1);
        assertThat(attached.execution()).isEqualTo(execution);
        assertThat(attached.state()).isEqualTo(AttachmentState.ATTACHED);
        assertThat(attached.offset() - from).isBetween(0L, mostGap);
        System.out.println("UnpluggedIT: gap of execution " + execution + " is " + (attached.offset() - from));
        HandMadeLink output = HandMadeLink.dial(vm.vsock(), Openings.data(execution, StreamId.STDOUT, token));
        byte[] first = output.awaitMoreThan(0);
        byte[] more = output.awaitMoreThan(first.length + 50);
        int offset = (int) attached.offset();
        assertThat(new String(more, US_ASCII))
                .isEqualTo(counted(offset + more.length).substring(offset));
        output.reset();
        List<AgentFrame> left = control.hear(AgentFrame.Attached.class);
        assertThat(((AgentFrame.Attached) left.get(left.size() - 1)).state()).isEqualTo(AttachmentState.BROKEN);
    }

    private static String counted(int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; text.length() < length; i++) {
            text.append(i).append('\n');
        }
        return text.substring(0, length);
    }

    private static Stream<Long> started(List<AgentFrame> frames) {
        return frames.stream().filter(AgentFrame.Started.class::isInstance).map(frame -> ((AgentFrame.Started) frame)
                .execution());
    }

    private HandMadeLink start(long execution, String line) throws Exception {
        Token token = Token.random();
        control.say(exec(execution, Set.of(), StreamSetup.connection(token), 0, line));
        control.hear(AgentFrame.Started.class);
        return HandMadeLink.dial(vm.vsock(), Openings.data(execution, StreamId.STDOUT, token));
    }

    private String out(long execution, String line) throws Exception {
        HandMadeLink output = start(execution, line);
        output.awaitEnd();
        List<AgentFrame> heard = control.hear(AgentFrame.Exited.class);
        assertThat(heard.get(heard.size() - 1))
                .isEqualTo(new AgentFrame.Exited(execution, AgentFrame.ExitKind.EXITED, 0));
        return new String(output.received(), StandardCharsets.UTF_8);
    }

    private static HostFrame.Exec exec(long execution, Set<ExecFlag> flags, StreamSetup stdout, int ring, String line) {
        return new HostFrame.Exec(
                execution,
                flags,
                StreamSetup.none(),
                stdout,
                StreamSetup.none(),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                ring,
                WindowSize.UNKNOWN,
                "",
                List.of("sh", "-c", line),
                List.of(),
                "");
    }
}
