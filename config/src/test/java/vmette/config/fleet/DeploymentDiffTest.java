package vmette.config.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import vmette.config.HealthCheck;
import vmette.config.RecoverySettings;
import vmette.config.RestartMode;
import vmette.config.SnapshotSpec;
import vmette.config.StorageSpec;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.errors.InvalidConfigException;

/** The way from one deployment to another. */
class DeploymentDiffTest {
    private static final RecoverySettings RECOVERY =
            FleetsPage.read("vmette {}").settings().recovery();

    private static final List<UnaryOperator<VmSpecBuilder>> CHANGES = List.of(
            b -> b.kernel(Path.of("/k")),
            b -> b.initramfs(Path.of("/i")),
            b -> b.modules(Path.of("/m")),
            b -> b.cmdline("quiet"),
            b -> b.exec("true"),
            b -> b.env("TOKEN", "hunter2"),
            b -> b.vcpus(2),
            b -> b.memoryMib(64),
            b -> b.timeout(Duration.ofSeconds(1)),
            b -> b.vsockPort(7),
            b -> b.publish(0, 80),
            b -> b.net(true),
            b -> b.net(true).netHostLoopback(true),
            b -> b.rootfs("debian:12"),
            b -> b.rootfs("debian:12").rootfsReadOnly(true),
            b -> b.rootfs("debian:12").rootfsImage(true),
            b -> b.rootfs("debian:12").switchRoot(true),
            b -> b.share("work", Path.of("/tmp")),
            b -> b.disk(Path.of("/d")),
            b -> b.scratchMib(64),
            b -> b.caCerts(Path.of("/c")),
            b -> b.health(HealthCheck.exec("true")),
            b -> b.health(HealthCheck.port(80)),
            b -> b.health(HealthCheck.port(80).withInterval(Duration.ofSeconds(1))),
            b -> b.health(HealthCheck.port(80).withTimeout(Duration.ofSeconds(1))),
            b -> b.health(HealthCheck.port(80).withRetries(1)),
            b -> b.health(HealthCheck.port(80).withStartPeriod(Duration.ofSeconds(1))),
            b -> b.buildSnapshot(Path.of("/s")),
            b -> b.resumeSnapshot(Path.of("/s")),
            b -> b.guestVsockPort(7),
            b -> b.warmUp("true"),
            b -> b.saveable(true),
            b -> b.snapshots(SnapshotSpec.builder().golden(true).build()),
            b -> b.snapshots(SnapshotSpec.builder()
                    .checkpointInterval(Duration.ofSeconds(1))
                    .build()),
            b -> b.snapshots(SnapshotSpec.builder().checkpointKeep(1).build()),
            b -> b.snapshots(
                    SnapshotSpec.builder().checkpointWhileStreamsOpen(true).build()),
            b -> b.snapshots(
                    SnapshotSpec.builder().passivateAfter(Duration.ofSeconds(1)).build()));

    private static VmPlan vm(String name, int change, Optional<String> group, RestartMode mode) {
        VmSpecBuilder spec = VmSpec.builder().name(name);
        return new VmPlan(
                name,
                (change < 0 ? spec : CHANGES.get(change).apply(spec)).build(),
                RECOVERY.withMode(mode),
                group,
                Optional.empty());
    }

    /** What a VM is and where it belongs, drawn. */
    private record Drawn(int change, RestartMode mode, int group) {}

    /** Names of few letters, so that two deployments share some; groups g0 in g1 in nothing, and g2. */
    @Provide
    Arbitrary<Deployment> deployments() {
        Arbitrary<Drawn> drawn = Combinators.combine(
                        Arbitraries.integers().between(-1, 3),
                        Arbitraries.of(RestartMode.class),
                        Arbitraries.integers().between(-1, 2))
                .as(Drawn::new);
        return Combinators.combine(
                        Arbitraries.maps(Arbitraries.of("a", "b", "c", "d", "e", "f", "g", "h"), drawn)
                                .ofMaxSize(8),
                        Arbitraries.of(Strategy.class),
                        Arbitraries.randoms())
                .as((vms, strategy, random) -> {
                    Map<Integer, List<String>> members = new TreeMap<>();
                    List<VmPlan> plans = new ArrayList<>();
                    vms.forEach((name, what) -> {
                        members.computeIfAbsent(what.group(), none -> new ArrayList<>())
                                .add(name);
                        Optional<String> group = what.group() < 0 ? Optional.empty() : Optional.of("g" + what.group());
                        plans.add(vm(name, what.change(), group, what.mode()));
                    });
                    members.computeIfAbsent(1, none -> new ArrayList<>()).add("g0");
                    members.computeIfAbsent(-1, none -> new ArrayList<>()).addAll(List.of("g1", "g2"));
                    members.values().forEach(children -> Collections.shuffle(children, random));
                    Map<String, GroupPlan> groups = Stream.of(0, 1, 2)
                            .map(i -> new GroupPlan(
                                    "g" + i,
                                    strategy,
                                    i,
                                    Duration.ofMinutes(1),
                                    i == 0 ? Optional.of("g1") : Optional.empty(),
                                    members.getOrDefault(i, List.of())))
                            .collect(Collectors.toMap(GroupPlan::name, group -> group));
                    return new Deployment(plans, groups, members.get(-1));
                });
    }

    @Property(tries = 300)
    void nothingLiesBetweenEquals(@ForAll("deployments") Deployment deployment) {
        DeploymentDiff diff = DeploymentDiff.between(deployment, deployment);
        assertThat(diff.isEmpty()).isTrue();
        assertThat(diff.unchanged()).isEqualTo(deployment.vms());
        assertThat(diff.changedGroups()).isEmpty();
        assertThat(diff.applyTo(deployment)).isEqualTo(deployment);
    }

    @Property(tries = 300)
    void theWayLeadsThere(@ForAll("deployments") Deployment from, @ForAll("deployments") Deployment to) {
        DeploymentDiff diff = DeploymentDiff.between(from, to);
        assertThat(diff.applyTo(from)).isEqualTo(to);
        assertThat(diff.isEmpty())
                .isEqualTo(from.vms().stream()
                                .sorted(BY_NAME)
                                .toList()
                                .equals(to.vms().stream().sorted(BY_NAME).toList())
                        && from.groups().equals(to.groups()));
    }

    private static final Comparator<VmPlan> BY_NAME = Comparator.comparing(VmPlan::name);

    @Property(tries = 300)
    void everyVmIsInExactlyOneListAndInOrder(
            @ForAll("deployments") Deployment from, @ForAll("deployments") Deployment to) {
        DeploymentDiff diff = DeploymentDiff.between(from, to);
        List<String> replaced = diff.replace().stream().map(Replacement::name).toList();
        List<String> all = new ArrayList<>(names(diff.start()));
        all.addAll(replaced);
        all.addAll(names(diff.unchanged()));
        assertThat(all).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(names(to.vms()));
        List<String> order = names(to.vms());
        assertThat(replaced).isSortedAccordingTo((a, b) -> order.indexOf(a) - order.indexOf(b));
        assertThat(names(diff.start())).isSortedAccordingTo((a, b) -> order.indexOf(a) - order.indexOf(b));
        List<String> old = names(from.vms());
        assertThat(names(diff.stop()))
                .isSortedAccordingTo((a, b) -> old.indexOf(b) - old.indexOf(a))
                .noneMatch(order::contains);
        assertThat(diff.replace())
                .allSatisfy(change ->
                        assertThat(change.differences()).as(change.toString()).isNotEmpty());
    }

    @Property(tries = 300)
    void aRenamedVmIsStoppedAndStarted(@ForAll("deployments") Deployment from, @ForAll @IntRange(max = 7) int which) {
        if (from.vms().isEmpty()) {
            return;
        }
        String old = from.vms().get(which % from.vms().size()).name();
        Deployment to = renamed(from, old, "z");
        DeploymentDiff diff = DeploymentDiff.between(from, to);
        assertThat(names(diff.stop())).containsExactly(old);
        assertThat(names(diff.start())).containsExactly("z");
        assertThat(diff.replace()).isEmpty();
    }

    private static Deployment renamed(Deployment from, String old, String now) {
        UnaryOperator<String> rename = name -> name.equals(old) ? now : name;
        Map<String, GroupPlan> groups = new LinkedHashMap<>();
        from.groups()
                .forEach((name, group) -> groups.put(
                        name,
                        new GroupPlan(
                                name,
                                group.strategy(),
                                group.maxRestarts(),
                                group.within(),
                                group.parent(),
                                group.children().stream().map(rename).toList())));
        List<VmPlan> vms = from.vms().stream()
                .map(vm -> new VmPlan(
                        rename.apply(vm.name()),
                        vm.spec().toBuilder().name(rename.apply(vm.name())).build(),
                        vm.recovery(),
                        vm.group(),
                        vm.run()))
                .toList();
        return new Deployment(vms, groups, from.roots().stream().map(rename).toList());
    }

    @Property(tries = 200)
    void aCountTouchesOnlyWhatItAddsOrTakes(
            @ForAll @IntRange(max = 30) int before, @ForAll @IntRange(max = 30) int after) {
        String fleet = "vmette { groups.g.children = [a, b], fleet { b {}, c.count = 3, a.count = ";
        Deployment from = FleetsPage.read(fleet + before + " } }").deployment();
        Deployment to = FleetsPage.read(fleet + after + " } }").deployment();
        DeploymentDiff diff = DeploymentDiff.between(from, to);
        assertThat(diff.start()).hasSize(Math.max(0, after - before));
        assertThat(diff.stop()).hasSize(Math.max(0, before - after));
        assertThat(diff.replace()).isEmpty();
        assertThat(diff.unchanged()).hasSize(4 + Math.min(before, after));
        if (before > after) {
            assertThat(names(diff.stop())).startsWith("a-" + before).endsWith("a-" + (after + 1));
        }
        assertThat(diff.applyTo(from)).isEqualTo(to);
    }

    @Example
    void whateverDiffersIsNamed() {
        // Every change is one of a component; two that look alike would hide a replacement.
        for (int i = -1; i < CHANGES.size(); i++) {
            for (int j = -1; j < CHANGES.size(); j++) {
                VmPlan one = vm("a", i, Optional.empty(), RestartMode.TEMPORARY);
                VmPlan two = vm("a", j, Optional.empty(), RestartMode.TEMPORARY);
                assertThat(new Replacement(one, two).differences().isEmpty()).isEqualTo(i == j);
            }
        }
        assertThat(VmSpec.class.getRecordComponents())
                .as("a new component needs a key in PlanKeys and a line in CHANGES")
                .hasSize(18);
        assertThat(SnapshotSpec.class.getRecordComponents()).hasSize(10);
        assertThat(HealthCheck.class.getRecordComponents()).hasSize(6);
        assertThat(StorageSpec.class.getRecordComponents()).hasSize(7);
        assertThat(RecoverySettings.class.getRecordComponents()).hasSize(6);
        assertThat(Service.class.getRecordComponents()).hasSize(4);
    }

    @Example
    void aReplacementSaysWhatDiffersKeyByKeyAndNoSecrets() {
        String fleet = "vmette.fleet.a { memory = 64, env { T = one, U = x }, recovery.mode = transient, run = x }";
        Deployment from = FleetsPage.read(fleet).deployment();
        Deployment to = FleetsPage.read(fleet.replace("one", "two")
                        .replace("64", "1GiB")
                        .replace(", U = x", "")
                        .replace("run = x", "run { command = y, user = u }"))
                .deployment();
        Replacement change = DeploymentDiff.between(from, to).replace().get(0);
        assertThat(change.differences())
                .extracting(Difference::toString)
                .containsExactly(
                        "env.T: (not shown) -> (not shown)",
                        "env.U: (not shown) -> nothing",
                        "memory: 64MiB -> 1024MiB",
                        "run.command: [/bin/sh, -c, x] -> [/bin/sh, -c, y]",
                        "run.user: nothing -> u");
        assertThat(change.needsReboot()).isTrue();
    }

    @Example
    void whatOnlyItsSupervisorDoesNeedsNoReboot() {
        Deployment from = FleetsPage.read("vmette { fleet { a {}, b {} }, groups.g.children = [b] }")
                .deployment();
        Deployment to = FleetsPage.read(
                        "vmette { fleet { a.recovery.mode = permanent, b {} }, groups.g { children = [b, a], max-restarts = 1 } }")
                .deployment();
        DeploymentDiff diff = DeploymentDiff.between(from, to);
        assertThat(diff.replace()).hasSize(1).noneMatch(Replacement::needsReboot);
        assertThat(diff.replace().get(0).differences())
                .extracting(Difference::toString)
                .containsExactly("group: nothing -> g", "recovery.mode: temporary -> permanent");
        assertThat(diff.changedGroups()).containsExactly("g");
    }

    /** Its incarnation was begun to end in one way and not in another. */
    @Example
    void anotherModeNeedsOneWhereSomethingRuns() {
        String fleet = "vmette.fleet.a { run = x, recovery { mode = transient, max-restarts = 3 } }";
        Deployment from = FleetsPage.read(fleet).deployment();
        assertThat(DeploymentDiff.between(
                                from,
                                FleetsPage.read(fleet.replace("transient", "permanent"))
                                        .deployment())
                        .replace())
                .hasSize(1)
                .allMatch(Replacement::needsReboot);
        assertThat(DeploymentDiff.between(
                                from, FleetsPage.read(fleet.replace("3", "4")).deployment())
                        .replace())
                .hasSize(1)
                .noneMatch(Replacement::needsReboot);
    }

    @Example
    void aWayFromElsewhereIsRefused() {
        Deployment one = FleetsPage.read("vmette.fleet.a {}").deployment();
        Deployment two = FleetsPage.read("vmette.fleet.b {}").deployment();
        DeploymentDiff diff = DeploymentDiff.between(one, two);
        assertThatThrownBy(() -> diff.applyTo(two)).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> diff.applyTo(Deployment.EMPTY)).hasMessageContaining("another a");
        assertThatThrownBy(() -> DeploymentDiff.between(Deployment.EMPTY, two).applyTo(one))
                .hasMessageContaining("another deployment");
    }

    @Example
    void aDeploymentOfNoOneShapeIsRefused() {
        VmPlan a = vm("a", -1, Optional.empty(), RestartMode.TEMPORARY);
        GroupPlan g =
                new GroupPlan("g", Strategy.ONE_FOR_ONE, 1, Duration.ofSeconds(1), Optional.empty(), List.of("a"));
        assertThatThrownBy(() -> new Deployment(List.of(a, a), Map.of(), List.of("a")))
                .hasMessageContaining("there twice");
        assertThatThrownBy(() -> new Deployment(List.of(a), Map.of(), List.of()))
                .hasMessageContaining("of nothing");
        assertThatThrownBy(() -> new Deployment(List.of(), Map.of(), List.of("a")))
                .hasMessageContaining("no VM");
        assertThatThrownBy(() -> new Deployment(List.of(a), Map.of("g", g), List.of("g")))
                .hasMessageContaining("belongs elsewhere");
        assertThatThrownBy(() -> new Deployment(List.of(a), Map.of("g", g), List.of("a", "g")))
                .hasMessageContaining("two groups");
        assertThatThrownBy(() -> new VmPlan("b", a.spec(), RECOVERY, Optional.empty(), Optional.empty()))
                .hasMessageContaining("another name");
    }

    private static List<String> names(List<VmPlan> vms) {
        return vms.stream().map(VmPlan::name).toList();
    }
}
