package vmette.cli;

import akka.Done;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import vmette.Fleet;
import vmette.VmPool;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.DeploymentDiff;
import vmette.config.fleet.Replacement;
import vmette.config.fleet.VmPlan;
import vmette.control.ControlledFleet;
import vmette.control.Facts;
import vmette.control.Runtimes;
import vmette.errors.VmetteIoException;
import vmette.group.MemberStatus;

/** The fleet that this process has up, as other processes change and end it. Thread-safe. */
final class UpFleet implements ControlledFleet {
    private static final int SHOWN = 5;

    private final String name;
    private final FleetSource first;
    private final CompletableFuture<Fleet> fleet = new CompletableFuture<>();
    private volatile List<VmPool> pools = List.of();

    UpFleet(String name, FleetSource first) {
        this.name = name;
        this.first = first;
    }

    /** It is there, and these are open. */
    void deployed(Fleet deployed, List<VmPool> opened) {
        pools = opened;
        fleet.complete(deployed);
    }

    /** It will not be. */
    void failed(Throwable failure) {
        fleet.completeExceptionally(failure);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Path file() {
        return first.file();
    }

    @Override
    public List<Facts> members() {
        if (!fleet.isDone() || fleet.isCompletedExceptionally()) {
            return List.of();
        }
        Map<String, MemberStatus> states = new HashMap<>();
        collect(fleet.join().status(), states);
        Map<String, MemberOver> over = over(fleet.join());
        return fleet.join().deployment().vms().stream()
                .map(vm -> told(
                        vm,
                        Optional.ofNullable(states.get(vm.name())),
                        Optional.ofNullable(over.get(vm.name())).filter(MemberOver::givenUp)))
                .toList();
    }

    private static Map<String, MemberOver> over(Fleet fleet) {
        return MemberOver.of(fleet.status(), vm -> fleet.vm(vm)
                .map(handle -> handle.ended().toCompletableFuture().getNow(null))
                .map(end -> end.how().word()));
    }

    private static void collect(List<MemberStatus> members, Map<String, MemberStatus> into) {
        for (MemberStatus member : members) {
            if (member.group()) {
                collect(member.children(), into);
            } else {
                into.put(member.name(), member);
            }
        }
    }

    private static Facts told(VmPlan vm, Optional<MemberStatus> status, Optional<MemberOver> givenUp) {
        return Facts.of(
                "name",
                vm.name(),
                "state",
                givenUp.isPresent()
                        ? "given-up"
                        : status.map(member -> member.state().name().toLowerCase(Locale.ROOT)),
                "group",
                vm.group(),
                "memory-mib",
                vm.spec().memoryMib(),
                "reason",
                givenUp.flatMap(MemberOver::reason));
    }

    @Override
    public Change plan(String configuration) {
        FleetSource wanted = FleetSource.sent(first.file(), configuration);
        Fleet up = fleet.join();
        Deployment present = up.deployment();
        DeploymentDiff diff = DeploymentDiff.between(present, wanted.deployment());
        Map<String, String> again = again(diff, over(up));
        List<Facts> steps = FleetSteps.of(diff, again, first.hasOtherSettings(wanted));
        return new Change() {
            @Override
            public List<Facts> steps() {
                return steps;
            }

            @Override
            public boolean isEmpty() {
                return diff.isEmpty() && again.isEmpty();
            }

            @Override
            public CompletionStage<Done> apply() {
                return UpFleet.this.apply(up, present, wanted.deployment(), again.keySet());
            }
        };
    }

    /** What the file has, as it had before, and does not run: by name, and why that is so. */
    static Map<String, String> again(DeploymentDiff diff, Map<String, MemberOver> over) {
        Map<String, String> again = new LinkedHashMap<>();
        Stream.concat(
                        diff.unchanged().stream(),
                        diff.replace().stream()
                                .filter(other -> !other.needsReboot())
                                .map(Replacement::to))
                .filter(vm -> over.containsKey(vm.name()))
                .forEach(vm -> again.put(vm.name(), over.get(vm.name()).why()));
        return again;
    }

    private synchronized CompletionStage<Done> apply(
            Fleet up, Deployment compared, Deployment wanted, Set<String> again) {
        if (!up.deployment().equals(compared)) {
            return CompletableFuture.failedStage(new VmetteIoException("the fleet " + name
                    + " was changed meanwhile by somebody else, and not by this: look at the new plan"));
        }
        refuseTaken(
                wanted.vms().stream()
                        .map(VmPlan::name)
                        .filter(vm -> compared.vm(vm).isEmpty())
                        .toList(),
                first.settings().runtimeDir());
        return up.apply(wanted, again);
    }

    @Override
    public Optional<CompletionStage<?>> restart(String member) {
        if (!fleet.isDone() || fleet.isCompletedExceptionally()) {
            return Optional.empty();
        }
        Deployment present = fleet.join().deployment();
        return present.vm(member).isPresent() || present.groups().containsKey(member)
                ? Optional.of(fleet.join().restart(member))
                : Optional.empty();
    }

    @Override
    public CompletionStage<?> down() {
        return fleet.thenCompose(up -> {
            CompletableFuture<?>[] ends =
                    pools.stream().map(pool -> pool.end().toCompletableFuture()).toArray(CompletableFuture[]::new);
            return up.down().thenCombine(CompletableFuture.allOf(ends), (end, gone) -> end);
        });
    }

    /** Each of these would be refused when its turn comes; that is known before anything is done. */
    static void refuseTaken(List<String> names, Optional<Path> runtimeDir) {
        Set<String> taken = new TreeSet<>(names);
        Set<String> others = Runtimes.find(runtimeDir.map(Path::toString).orElse("")).living().stream()
                .flatMap(peer -> peer.vms().stream())
                .collect(Collectors.toSet());
        taken.retainAll(others);
        if (!taken.isEmpty()) {
            throw new VmetteIoException("VMs named "
                    + taken.stream().limit(SHOWN).collect(Collectors.joining(", "))
                    + (taken.size() > SHOWN ? " and more" : "")
                    + " are running already: stop those first, or choose other names; nothing was started or stopped");
        }
    }
}
