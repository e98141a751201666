package vmette.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import picocli.CommandLine.Option;
import vmette.config.RuntimeSettings;
import vmette.errors.InvalidConfigException;

/** The options that every command has. */
final class CommonOptions {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "HOCON file with a vmette { } section; reference.conf explains the keys.")
    private Path config;

    @Option(names = "--quiet", description = "No progress and no notices on standard error, only failures.")
    private boolean quiet;

    @Option(names = "--debug", description = "Stack traces with failures.")
    private boolean debug;

    boolean debug() {
        return debug;
    }

    boolean isQuiet() {
        return quiet;
    }

    RuntimeSettings settings() {
        if (config == null) {
            return RuntimeSettings.load();
        }
        if (Files.isDirectory(config) || !Files.isReadable(config)) {
            String why = Files.isDirectory(config)
                    ? "is a directory"
                    : Files.exists(config) ? "cannot be read by this user" : "does not exist";
            throw new InvalidConfigException(
                    "the configuration " + config + " " + why + ": --config takes a HOCON file");
        }
        try {
            Config given = ConfigFactory.parseFile(
                    config.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
            return RuntimeSettings.from(ConfigFactory.load(given));
        } catch (ConfigException e) {
            // It begins with the file and the line.
            throw new InvalidConfigException("the configuration cannot be read: " + e.getMessage(), e);
        }
    }

    Consumer<String> progress() {
        return quiet ? line -> {} : line -> System.err.println("vmette: " + line);
    }
}
