package vmette.cli;

import com.typesafe.config.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.config.fleet.DeploymentFile;
import vmette.control.ControlCall;
import vmette.control.Facts;
import vmette.control.Runtimes;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteIoException;

/** {@code vmette down}. */
@Command(
        name = "down",
        description = {
            "Ends a fleet that vmette up has started: its VMs are powered off in the reverse order of their start.",
            "Waits until nothing of it is left. Without FILE and --fleet: the one fleet that is up.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:it is down", "1:run-time error, or there is no such fleet", "2:usage error"},
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} down fleet.conf",
            "  ${sys:vmette.command:-vmette} down --fleet fleet",
            "  ${sys:vmette.command:-vmette} down",
        })
final class DownCommand implements Callable<Integer> {
    private static final String RUNTIME_DIR = "vmette.runtime-dir";
    private static final long GONE_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", arity = "0..1", paramLabel = "FILE", description = "The file that it came from.")
    private Path file;

    @Option(names = "--fleet", paramLabel = "NAME", description = "What it is called.")
    private String fleet;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        Map.Entry<String, Runtimes.Peer> up = choose();
        try (ControlCall call = new ControlCall(up.getValue(), "down", up.getKey())) {
            for (Optional<Facts> next = call.next(); next.isPresent(); next = call.next()) {
                FleetChoice.tell(next.get(), common);
            }
        }
        awaitGone(up.getValue());
        common.progress().accept("the fleet " + up.getKey() + " is down");
        return 0;
    }

    private Map.Entry<String, Runtimes.Peer> choose() {
        if (file != null && fleet != null) {
            throw new ParameterException(
                    spec.commandLine(), "FILE and --fleet both say which fleet is meant: leave one of them out");
        }
        Runtimes runtimes = runtimes();
        if (fleet != null) {
            return runtimes.ofFleet(fleet)
                    .map(peer -> Map.entry(fleet, peer))
                    .orElseThrow(() -> runtimes.noFleet("named " + fleet, fleet));
        }
        if (file != null) {
            return runtimes.ofFile(real(file)).orElseThrow(() -> runtimes.noFleet("from " + file, ""));
        }
        List<String> fleets = runtimes.fleets();
        if (fleets.size() > 1) {
            throw new ParameterException(
                    spec.commandLine(),
                    fleets.size() + " fleets are up: say which one with FILE or --fleet: " + String.join(", ", fleets));
        }
        return fleets.stream()
                .findFirst()
                .flatMap(name -> runtimes.ofFleet(name).map(peer -> Map.entry(name, peer)))
                .orElseThrow(() -> new VmetteIoException("no fleet is up"));
    }

    /** The file may say itself where its runtime is; one that is broken by now does not. */
    private Runtimes runtimes() {
        if (file != null && Files.isReadable(file)) {
            try {
                Config said = DeploymentFile.parse(file);
                if (said.hasPath(RUNTIME_DIR)) {
                    return Runtimes.find(said.getString(RUNTIME_DIR));
                }
            } catch (InvalidConfigException broken) {
                common.progress().accept(file + " cannot be read any more: looking where --config says");
            }
        }
        return common.runtimes();
    }

    /** A file may be gone though its fleet is up. */
    private static Path real(Path file) {
        try {
            return file.toRealPath();
        } catch (IOException gone) {
            return file.toAbsolutePath().normalize();
        }
    }

    /** The process that had it up removes its directory last. */
    private static void awaitGone(Runtimes.Peer runtime) {
        long deadline = System.nanoTime() + GONE_NANOS;
        while (Files.exists(runtime.directory()) && System.nanoTime() < deadline) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }
}
