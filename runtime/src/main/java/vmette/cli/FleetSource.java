package vmette.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigSyntax;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import vmette.config.PoolPlan;
import vmette.config.RuntimeSettings;
import vmette.config.fleet.Deployment;
import vmette.config.fleet.DeploymentFile;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteIoException;

/**
 * A fleet as a file says it, or as it was sent by whoever has read the file: all that it includes and names of the environment is in it.
 *
 * @param file absolute, without links
 * @param resolved all of it, settings of {@code --config} included
 * @param checked what it comes to
 */
record FleetSource(Path file, Config resolved, DeploymentFile checked) {
    private static final List<String> OF_FLEETS =
            List.of("vmette.templates", "vmette.fleet", "vmette.groups", "vmette.pools");

    /** What concerns VMs, and not the runtime. */
    private static final List<String> OF_VMS =
            List.of("vmette.templates", "vmette.fleet", "vmette.groups", "vmette.vm", "vmette.recovery");

    /**
     * Reads a file.
     *
     * @param settings of {@code --config}, which speaks where the file does not
     * @throws InvalidConfigException with all mistakes, or because there is no fleet in it and no pool
     */
    static FleetSource read(Path file, Optional<Path> settings) {
        Config own = DeploymentFile.parse(file);
        Config all = settings.map(other -> own.withFallback(without(DeploymentFile.parse(other), OF_FLEETS)))
                .orElse(own);
        DeploymentFile checked = DeploymentFile.of(all, file.toString());
        if (checked.deployment().vms().isEmpty() && checked.pools().isEmpty()) {
            throw new InvalidConfigException(file
                    + " has no VMs: vmette.fleet says which there are, and vmette.pools which are kept ready;"
                    + " vmette down ends a fleet that is up");
        }
        try {
            return new FleetSource(file.toRealPath(), all, checked);
        } catch (IOException e) {
            throw new VmetteIoException("cannot find " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Takes what was sent, which is checked as a file is.
     *
     * @param file for messages
     * @throws InvalidConfigException with all mistakes
     */
    static FleetSource sent(Path file, String text) {
        Config resolved;
        try {
            // Not HOCON, in which a line of dots alone may go as deep as it likes.
            resolved = ConfigFactory.parseString(
                    text, ConfigParseOptions.defaults().setSyntax(ConfigSyntax.JSON));
        } catch (com.typesafe.config.ConfigException e) {
            throw new InvalidConfigException("the configuration that was sent is none: " + e.getMessage(), e);
        }
        return new FleetSource(file, resolved, DeploymentFile.of(resolved, file.toString()));
    }

    /** To be sent. */
    String text() {
        return resolved.root().render(ConfigRenderOptions.concise());
    }

    Deployment deployment() {
        return checked.deployment();
    }

    /** Opened with the fleet, and closed with it. */
    Collection<PoolPlan> pools() {
        return checked.pools().values();
    }

    RuntimeSettings settings() {
        return checked.settings();
    }

    /** Whether the runtime itself is to be otherwise, which it cannot while it is up. */
    boolean hasOtherSettings(FleetSource other) {
        return !without(resolved, OF_VMS).equals(without(other.resolved, OF_VMS));
    }

    private static Config without(Config config, List<String> paths) {
        Config left = config;
        for (String path : paths) {
            left = left.withoutPath(path);
        }
        return left;
    }
}
