package vmette.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import picocli.CommandLine.Option;
import vmette.config.RuntimeSettings;
import vmette.control.Runtimes;
import vmette.errors.InvalidConfigException;
import vmette.rootfs.RootfsProgress;

/** The options that every command has. */
final class CommonOptions {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "HOCON file with a vmette { } section; docs/config.md explains the keys.")
    private Path config;

    @Option(
            names = "--quiet",
            fallbackValue = "true",
            description = "No progress and no notices on standard error, only failures.")
    private boolean quiet;

    @Option(
            names = {"-v", "--verbose"},
            fallbackValue = "true",
            description = "Say what happens, on standard error.")
    private boolean verbose;

    @Option(names = "--debug", fallbackValue = "true", description = "Debug log, and stack traces with failures.")
    private boolean debug;

    @Option(
            names = "--json",
            fallbackValue = "true",
            description =
                    "What vmette itself says as JSON: results on standard output, the rest line by line on standard error.")
    private boolean json;

    boolean isQuiet() {
        return quiet;
    }

    boolean isJson() {
        return json;
    }

    /** The file of {@code --config}. */
    Optional<Path> config() {
        return Optional.ofNullable(config);
    }

    RuntimeSettings settings() {
        return config == null ? RuntimeSettings.load() : RuntimeSettings.from(merged());
    }

    /** All that the settings are read from. */
    Config merged() {
        return merged(config());
    }

    /** The same with another file. */
    static Config merged(Optional<Path> file) {
        if (file.isEmpty()) {
            return ConfigFactory.load();
        }
        Path config = file.get();
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
            if (!given.hasPath("vmette")) {
                throw new InvalidConfigException("the configuration " + config
                        + " has no section vmette { }: settings stand in one, as in vmette.vm.memory = 1GiB");
            }
            return ConfigFactory.load(given);
        } catch (ConfigException e) {
            // It begins with the file and the line.
            throw new InvalidConfigException("the configuration cannot be read: " + e.getMessage(), e);
        }
    }

    /** The living runtimes of this user. */
    Runtimes runtimes() {
        return Runtimes.find(settings().runtimeDir().map(Path::toString).orElse(""));
    }

    /** Takes notices. */
    Consumer<String> progress() {
        return quiet ? line -> {} : this::say;
    }

    /** Takes notices, and how far transfers have come: bars on a terminal that no log shares, lines elsewhere. */
    RootfsProgress transfers() {
        if (quiet) {
            return RootfsProgress.NONE;
        }
        return json || isVerbose() || !TransferBars.canBeDrawn()
                ? RootfsProgress.lines(this::say)
                : TransferBars.onTerminal(this::say);
    }

    /** Whether what happens is to be said. */
    boolean isVerbose() {
        return !quiet && (verbose || debug);
    }

    /** Takes what is to be heard with {@code --quiet}, too. */
    void say(String line) {
        System.err.println(json ? Report.notice(line) : "vmette: " + line);
    }
}
