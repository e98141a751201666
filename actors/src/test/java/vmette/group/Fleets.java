package vmette.group;

import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import vmette.config.RecoverySettings;
import vmette.config.RestartMode;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.GroupPlan;
import vmette.config.fleet.Strategy;
import vmette.config.fleet.VmPlan;

/** Deployments for tests, built from the leaves up or at random. */
public final class Fleets {
    private static final RecoverySettings RECOVERY =
            RuntimeSettings.from(ConfigFactory.load()).recovery();

    private static final List<RestartMode> MODES = List.of(RestartMode.values());
    private static final List<Strategy> STRATEGIES = List.of(Strategy.values());

    private final List<VmPlan> vms = new ArrayList<>();
    private final Map<String, GroupPlan> groups = new HashMap<>();
    private final List<String> roots = new ArrayList<>();

    /** A VM of this mode; of no group if that is empty. */
    public Fleets vm(String name, RestartMode mode, String group) {
        return vm(name, mode, group, 256);
    }

    /** The same with so much memory. */
    public Fleets vm(String name, RestartMode mode, String group, int memoryMib) {
        Optional<String> parent = group.isEmpty() ? Optional.empty() : Optional.of(group);
        vms.add(new VmPlan(
                name,
                VmSpec.builder().name(name).memoryMib(memoryMib).build(),
                RECOVERY.withMode(mode),
                parent,
                Optional.empty()));
        if (parent.isEmpty()) {
            roots.add(name);
        }
        return this;
    }

    /** Transient VMs of a group, in this order. */
    public Fleets vms(String group, String... names) {
        for (String name : names) {
            vm(name, RestartMode.TRANSIENT, group);
        }
        return this;
    }

    /** A group of what is there already; of no group if parent is empty. */
    public Fleets group(String name, Strategy strategy, int maxRestarts, String parent, String... children) {
        Optional<String> in = parent.isEmpty() ? Optional.empty() : Optional.of(parent);
        groups.put(name, new GroupPlan(name, strategy, maxRestarts, Duration.ofSeconds(60), in, List.of(children)));
        if (in.isEmpty()) {
            roots.add(name);
        }
        return this;
    }

    /** All of it. */
    public Deployment deployment() {
        return new Deployment(vms, groups, roots);
    }

    /** Some tree of up to ten VMs of a few names. */
    static Deployment random(Random random) {
        Fleets fleet = new Fleets();
        int vms = 1 + random.nextInt(9);
        int groups = random.nextInt(4);
        List<List<String>> children = new ArrayList<>();
        for (int i = 0; i < groups; i++) {
            children.add(new ArrayList<>());
        }
        List<Integer> parents = new ArrayList<>();
        for (int i = 0; i < groups; i++) {
            // Of a group before it, so that there are no circles.
            int parent = random.nextInt(i + 1) - 1;
            parents.add(parent);
            if (parent >= 0) {
                children.get(parent).add("g" + i);
            }
        }
        for (int i = 0; i < vms; i++) {
            int group = random.nextInt(groups + 1) - 1;
            String name = "v" + i;
            RestartMode mode = random.nextInt(4) > 0 ? RestartMode.TRANSIENT : MODES.get(random.nextInt(MODES.size()));
            fleet.vm(name, mode, group < 0 ? "" : "g" + group, random.nextBoolean() ? 256 : 128);
            if (group >= 0) {
                List<String> siblings = children.get(group);
                siblings.add(random.nextInt(siblings.size() + 1), name);
            }
        }
        for (int i = 0; i < groups; i++) {
            Strategy strategy = STRATEGIES.get(random.nextInt(STRATEGIES.size()));
            String parent = parents.get(i) < 0 ? "" : "g" + parents.get(i);
            fleet.group(
                    "g" + i,
                    strategy,
                    random.nextInt(5),
                    parent,
                    children.get(i).toArray(new String[0]));
        }
        return fleet.deployment();
    }
}
