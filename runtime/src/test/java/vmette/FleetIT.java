package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static vmette.Guests.await;

import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import vmette.actors.FleetEnd;
import vmette.actors.VmEnd;
import vmette.config.RestartMode;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.GroupPlan;
import vmette.config.fleet.Strategy;
import vmette.config.fleet.VmPlan;
import vmette.errors.GroupFailedException;
import vmette.errors.InvalidConfigException;
import vmette.group.MemberStatus;

/** Fleets of real VMs. */
class FleetIT {
    private static final int PORT = 7200;
    private static final String ECHO = "echo hello | vsock-send " + PORT;
    private static final RuntimeSettings SETTINGS = RuntimeSettings.from(ConfigFactory.load());

    private static VmPlan plan(String name, String group, int memory) {
        return new VmPlan(
                name,
                VmSpec.builder().name(name).memoryMib(memory).build(),
                SETTINGS.recovery().withMode(RestartMode.TRANSIENT),
                group.isEmpty() ? Optional.empty() : Optional.of(group),
                Optional.empty());
    }

    private static GroupPlan group(String name, Strategy strategy, int most, String parent, String... children) {
        Optional<String> in = parent.isEmpty() ? Optional.empty() : Optional.of(parent);
        return new GroupPlan(name, strategy, most, Duration.ofHours(1), in, List.of(children));
    }

    private static Deployment app(Strategy strategy, String... names) {
        return new Deployment(
                Stream.of(names).map(name -> plan(name, "app", 96)).toList(),
                Map.of("app", group("app", strategy, 5, "", names)),
                List.of("app"));
    }

    /** What each VM's kernel calls its present boot; a VM that is held answers when it has come up again. */
    private static Map<String, String> boots(Vmette vmette, Fleet fleet) {
        Map<String, String> ids = new LinkedHashMap<>();
        for (VmPlan plan : fleet.deployment().vms()) {
            VmHandle vm = fleet.vm(plan.name()).orElseThrow();
            ids.put(plan.name(), Guests.out(vmette, vm, "cat /proc/sys/kernel/random/boot_id"));
        }
        return ids;
    }

    private static Set<String> changed(Map<String, String> before, Map<String, String> after) {
        return after.keySet().stream()
                .filter(name -> before.containsKey(name) && !before.get(name).equals(after.get(name)))
                .collect(Collectors.toSet());
    }

    private static Stream<MemberStatus> all(List<MemberStatus> members) {
        return members.stream().flatMap(each -> Stream.concat(Stream.of(each), all(each.children())));
    }

    private static MemberStatus status(Fleet fleet, String name) {
        return all(fleet.status())
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void awaitThat(String what, BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Guests.DEADLINE_SECONDS);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    /** Kills the monitor of a VM, a descendant of this process, and waits until the fleet is ready again with another incarnation of it. */
    private static void kill(Fleet fleet, String vm) {
        long before = status(fleet, vm).restarts();
        monitor(vm).destroyForcibly();
        awaitThat(vm + " begins anew", () -> status(fleet, vm).restarts() > before);
        awaitReady(fleet);
    }

    private static void awaitReady(Fleet fleet) {
        awaitThat(
                "all are ready", () -> all(fleet.status()).allMatch(each -> each.state() == MemberStatus.State.READY));
    }

    /** What the host shows of a command line begins with the VM's name. */
    private static ProcessHandle monitor(String vm) {
        return ProcessHandle.current()
                .descendants()
                .filter(process -> commandLine(process.pid()).contains("\0-name\0guest=" + vm + "\0"))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no monitor of " + vm));
    }

    private static String commandLine(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/cmdline"));
        } catch (IOException e) {
            // It has ended.
            return "";
        }
    }

    @Test
    void aFlatFleetComesUpAndGoesDown() {
        Deployment two =
                new Deployment(List.of(plan("one", "", 96), plan("two", "", 96)), Map.of(), List.of("one", "two"));
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            Fleet fleet = vmette.deploy(two);
            await(fleet.ready());
            assertThat(fleet.status()).extracting(MemberStatus::state).containsOnly(MemberStatus.State.READY);
            assertThat(Guests.out(vmette, fleet.vm("two").orElseThrow(), "echo hello"))
                    .isEqualTo("hello\n");
            assertThatThrownBy(() -> vmette.deploy(two))
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessageContaining("VMs named one, two exist already");
            assertThat(await(fleet.down())).isEqualTo(new FleetEnd(true, List.of()));
            assertThat(await(fleet.vm("one").orElseThrow().ended()).failure()).isEmpty();
        }
    }

    @Test
    void restForOneRestartsTheOneThatDiedAndThoseAfterIt() {
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            Fleet fleet = vmette.deploy(app(Strategy.REST_FOR_ONE, "r1", "r2", "r3", "r4"));
            await(fleet.ready());
            Map<String, String> before = boots(vmette, fleet);
            kill(fleet, "r2");
            assertThat(changed(before, boots(vmette, fleet))).containsExactlyInAnyOrder("r2", "r3", "r4");
            assertThat(all(fleet.status()).filter(each -> !each.group()))
                    .extracting(MemberStatus::incarnation)
                    .containsExactly(1L, 2L, 2L, 2L);
            await(fleet.down());
        }
    }

    @Test
    void oneForAllRestartsAllAndABindSurvives() {
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            Fleet fleet = vmette.deploy(app(Strategy.ONE_FOR_ALL, "a1", "a2"));
            await(fleet.ready());
            VmHandle a1 = fleet.vm("a1").orElseThrow();
            await(a1.vsock()
                    .bind(PORT)
                    .toMat(
                            Sink.foreach(connection -> connection
                                    .flow()
                                    .join(Flow.<ByteString>create())
                                    .run(vmette.system())),
                            Keep.left())
                    .run(vmette.system()));
            assertThat(Guests.out(vmette, a1, ECHO)).isEqualTo("hello\n");
            Map<String, String> before = boots(vmette, fleet);
            kill(fleet, "a2");
            assertThat(changed(before, boots(vmette, fleet))).containsExactlyInAnyOrder("a1", "a2");
            assertThat(fleet.vm("a1")).containsSame(a1);
            assertThat(Guests.out(vmette, a1, ECHO)).isEqualTo("hello\n");
            await(fleet.restart("a1"));
            assertThat(status(fleet, "a1").incarnation()).isEqualTo(3);
            assertThat(status(fleet, "a2").incarnation()).isEqualTo(2);
        }
    }

    @Test
    void oneRestartTooManyIsPassedOnToTheParentAndThenEndsTheFleet() {
        Deployment nested = new Deployment(
                List.of(plan("e1", "outer", 96), plan("e2", "inner", 96), plan("e3", "outer", 96)),
                Map.of(
                        "outer", group("outer", Strategy.REST_FOR_ONE, 1, "", "e1", "inner", "e3"),
                        "inner", group("inner", Strategy.ONE_FOR_ONE, 0, "outer", "e2")),
                List.of("outer"));
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            Fleet fleet = vmette.deploy(nested);
            await(fleet.ready());
            Map<String, String> before = boots(vmette, fleet);
            monitor("e2").destroyForcibly();
            awaitThat("inner begins anew", () -> status(fleet, "inner").restarts() == 1);
            awaitReady(fleet);
            assertThat(changed(before, boots(vmette, fleet))).containsExactlyInAnyOrder("e2", "e3");
            monitor("e2").destroyForcibly();
            FleetEnd end = await(fleet.ended());
            assertThat(end.asked()).isFalse();
            assertThat(end.failures()).singleElement().satisfies(reason -> {
                assertThat(reason.chain())
                        .contains("group outer failed, more than 1 restarts", "group inner failed", "VM e2");
                assertThat(reason.toException()).isInstanceOf(GroupFailedException.class);
            });
            assertThat(await(fleet.vm("e1").orElseThrow().ended()).failure()).isEmpty();
        }
    }

    @Test
    void aChangedDeploymentTouchesWhatDiffers() {
        Deployment first = app(Strategy.REST_FOR_ONE, "c1", "c2", "c3");
        Deployment second = new Deployment(
                List.of(plan("c1", "app", 96), plan("c2", "app", 112), plan("c4", "app", 96)),
                Map.of("app", group("app", Strategy.REST_FOR_ONE, 5, "", "c1", "c2", "c4")),
                List.of("app"));
        try (Vmette vmette = Vmette.create(SETTINGS)) {
            Fleet fleet = vmette.deploy(first);
            await(fleet.ready());
            Map<String, String> before = boots(vmette, fleet);
            VmHandle gone = fleet.vm("c3").orElseThrow();
            await(fleet.apply(second));
            assertThat(fleet.deployment()).isEqualTo(second);
            assertThat(await(gone.ended()).how()).isEqualTo(VmEnd.How.STOPPED);
            assertThat(fleet.vm("c3")).isEmpty();
            Map<String, String> after = boots(vmette, fleet);
            assertThat(after).containsOnlyKeys("c1", "c2", "c4");
            assertThat(changed(before, after)).containsExactly("c2");

            Deployment flat = new Deployment(
                    List.of(plan("c1", "", 96), plan("c2", "", 112), plan("c4", "", 96)),
                    Map.of(),
                    List.of("c1", "c2", "c4"));
            await(fleet.apply(flat));
            assertThat(changed(after, boots(vmette, fleet))).isEmpty();
        }
    }
}
