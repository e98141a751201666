package vmette.capi;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import akka.stream.javadsl.Source;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import vmette.ExitStatus;
import vmette.RunStreams;
import vmette.Vmette;
import vmette.cli.LogLevels;
import vmette.cli.TerminalRun;
import vmette.config.ExecSpec;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.InvalidConfigException;
import vmette.errors.SnapshotUnsupportedException;
import vmette.errors.VmLostException;
import vmette.linux.Terminal;

/** The one runtime of a process: made by the first run, kept for those to come, closed when the process exits. Thread-safe. */
final class SharedRuntime {
    private static final Set<String> TALKATIVE = Set.of("info", "debug", "trace");

    private static final String DAEMONIC = "akka.daemonic";

    private final Thread hook = new Thread(this::close, "vmette-capi-shutdown");
    private Vmette runtime;
    private ActorSystem<?> system;
    private boolean closed;

    ExitStatus run(Request request) {
        Vmette vmette = runtime();
        VmSpec spec = request.spec(vmette.settings().vm());
        requireSaveable(spec);
        return join(
                spec.exec().isEmpty() && spec.snapshots().build().isEmpty()
                        ? shell(vmette, spec)
                        : () -> vmette.run(spec, streams()));
    }

    /** Made once; what is refused may be put right for the next run. */
    private synchronized Vmette runtime() {
        if (closed) {
            throw new VmLostException("this process is exiting: no VM is run any more");
        }
        if (runtime == null) {
            LogLevels.refusal(System.getenv()).ifPresent(reason -> {
                throw new InvalidConfigException(reason);
            });
            runtime = create(settings(System.getenv()));
            try {
                // Of a JVM that is not ours; ours is told by close().
                Runtime.getRuntime().addShutdownHook(hook);
            } catch (IllegalStateException exiting) {
                closed = true;
            }
        }
        return runtime;
    }

    /** In a JVM of somebody else's nothing of ours may keep it from ending, and it has not been told so by its options. */
    private Vmette create(RuntimeSettings settings) {
        if (Boolean.getBoolean(DAEMONIC)) {
            return Vmette.create(settings, notices(System.getenv()));
        }
        system = ActorSystem.create(
                Behaviors.empty(),
                "vmette-capi",
                ConfigFactory.parseMap(Map.of(DAEMONIC, true, "akka.jvm-exit-on-fatal-error", false))
                        .withFallback(ConfigFactory.load()));
        return Vmette.create(system, settings);
    }

    static RuntimeSettings settings(Map<String, String> environment) {
        String file = environment.getOrDefault("VMETTE_CONFIG", "");
        if (file.isEmpty()) {
            return RuntimeSettings.load();
        }
        File config = new File(file);
        if (!config.isFile() || !config.canRead()) {
            throw new InvalidConfigException(
                    "VMETTE_CONFIG = " + file + " cannot be read: it names a HOCON file, or is unset");
        }
        try {
            return RuntimeSettings.from(ConfigFactory.load(ConfigFactory.parseFile(config)));
        } catch (ConfigException e) {
            throw new InvalidConfigException("the configuration cannot be read: " + e.getMessage(), e);
        }
    }

    /** A library says nothing of its own unless it is asked to. */
    private static Consumer<String> notices(Map<String, String> environment) {
        return TALKATIVE.contains(environment.getOrDefault("VMETTE_LOG", "")) ? Entry::say : line -> {};
    }

    /** What comes on the caller's standard input is the caller's. */
    private static RunStreams streams() {
        RunStreams own = RunStreams.ofProcess();
        return new RunStreams(Source.empty(), own.stdout(), own.stderr());
    }

    private interface Run {
        CompletionStage<ExitStatus> begin();
    }

    /** What is outside of the VM goes on changing; refused before anything is started. */
    private static void requireSaveable(VmSpec spec) {
        if (spec.snapshots().build().isPresent()
                && spec.storage().rootfs().isPresent()
                && !spec.storage().rootfsImage()
                && Files.isDirectory(Path.of(spec.storage().rootfs().get()))) {
            throw new SnapshotUnsupportedException("a VM whose root is the shared directory "
                    + spec.storage().rootfs().get()
                    + " cannot be saved: build the snapshot without a root, or set vmette.vm.rootfs-image = true in the"
                    + " file that VMETTE_CONFIG names, which makes an image of it");
        }
    }

    private static Run shell(Vmette vmette, VmSpec spec) {
        if (spec.snapshots().resume().isPresent()) {
            throw new InvalidConfigException("resume-snapshot needs exec: say what is to be run in the restored VM");
        }
        if (!Terminal.isTerminal(0)) {
            throw new InvalidConfigException("nothing to run: set exec, or build a snapshot; a shell without it needs a"
                    + " terminal as standard input");
        }
        return () ->
                CompletableFuture.completedFuture(TerminalRun.of(vmette, spec, ExecSpec.of("/bin/sh"), Entry::say));
    }

    private static ExitStatus join(Run run) {
        return run.begin().toCompletableFuture().join();
    }

    void close() {
        Vmette open;
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            open = runtime;
        }
        if (open != null) {
            open.close();
            if (system != null) {
                system.terminate();
            }
        }
    }
}
