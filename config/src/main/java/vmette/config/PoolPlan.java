package vmette.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import vmette.errors.InvalidConfigException;

/**
 * A pool that a configuration describes: one name of {@code vmette.pools}.
 *
 * @param name as that of a VM
 * @param spec of each of its VMs, without a name
 * @param settings how many there are of them
 */
public record PoolPlan(String name, VmSpec spec, PoolSettings settings) {
    private static final String POOLS = "vmette.pools";

    /** Of the pool's name, so that the number has room in a VM's. */
    private static final int MOST_PREFIX = 44;

    /** Checks what is given. */
    public PoolPlan {
        VmSpec.builder().name(name).build();
        Objects.requireNonNull(settings, "settings");
        if (spec.name().isPresent()) {
            throw new InvalidConfigException("the VMs of the pool " + name + " cannot all be "
                    + spec.name().get() + ": leave the name out");
        }
        if (spec.snapshots().build().isPresent()) {
            throw new InvalidConfigException(
                    "build-snapshot: the VMs of the pool " + name
                            + " are lent, and not saved and ended; leave it out, for what they are restored from is made by itself");
        }
        if (settings.max() > 1) {
            for (PublishedPort port : spec.publish()) {
                if (port.hostPort() != 0) {
                    throw new InvalidConfigException("publish: the VMs of the pool " + name
                            + " cannot all have the host port " + port.hostPort() + ": write 0:" + port.guestPort()
                            + " for any free port of each");
                }
            }
            if (!spec.storage().disks().isEmpty()) {
                throw new InvalidConfigException("disks: the VMs of the pool " + name + " cannot all have the disk "
                        + spec.storage().disks().get(0) + ": leave it out, or put what is on it into the rootfs");
            }
        }
    }

    /** What the names of its VMs begin with; a number follows. */
    public String prefix() {
        return "pool-" + name.substring(0, Math.min(name.length(), MOST_PREFIX)) + "-";
    }

    /**
     * Reads {@code vmette.pools}. What a pool does not say is as {@code vmette.pool} has it, and of its VMs as {@code vmette.vm} has it.
     *
     * @param config a resolved root configuration
     * @return by name
     * @throws InvalidConfigException naming the key, where it was set, the value and what is allowed
     */
    public static Map<String, PoolPlan> all(Config config) {
        Map<String, PoolPlan> plans = new TreeMap<>();
        Config root = Section.over(config);
        ConfigValue pools = root.root().toConfig().getValue(POOLS);
        if (!(pools instanceof ConfigObject named)) {
            throw refuse(POOLS, pools, "pools { NAME { ... } }");
        }
        named.forEach((name, value) -> {
            String path = POOLS + "." + ConfigUtil.joinPath(name);
            if (!(value instanceof ConfigObject section)) {
                throw refuse(path, value, "a section { ... }");
            }
            try {
                plans.put(name, of(name, section.toConfig(), root, path));
            } catch (InvalidConfigException e) {
                throw e.getMessage().startsWith(path) ? e : placed(path, value, e);
            }
        });
        return plans;
    }

    private static PoolPlan of(String name, Config own, Config root, String path) {
        Config vm = root.getConfig("vmette.vm");
        Config pool = root.getConfig("vmette.pool");
        Section.refuseUnknownKeys(own, pool.withValue("vm", vm.root()), path);
        return new PoolPlan(
                name,
                VmSpec.from(own.hasPath("vm") ? section(own, path).withFallback(vm) : vm, path + ".vm"),
                PoolSettings.from(own.withoutPath("vm").withFallback(pool), path));
    }

    private static Config section(Config own, String path) {
        try {
            return own.getConfig("vm");
        } catch (ConfigException e) {
            throw refuse(path + ".vm", own.root().get("vm"), "a section { ... }");
        }
    }

    private static InvalidConfigException refuse(String path, ConfigValue value, String allowed) {
        return new InvalidConfigException(path + " = " + value.unwrapped() + " (" + Origins.where(value.origin())
                + ") is refused: allowed is " + allowed);
    }

    private static InvalidConfigException placed(String path, ConfigValue value, InvalidConfigException e) {
        return new InvalidConfigException(path + " (" + Origins.where(value.origin()) + "): " + e.getMessage(), e);
    }
}
