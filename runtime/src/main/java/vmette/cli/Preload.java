package vmette.cli;

import java.util.List;
import vmette.config.RuntimeSettings;

/**
 * Loads what every VM needs on another processor while the command line is read: even from an archive, a cold JVM needs a
 * while for picocli's classes, whose old format is verified at each start.
 */
final class Preload {
    /** By name: some are private to their packages, and what matters is that their static initialisers run. */
    private static final List<String> CLASSES = List.of(
            "vmette.linux.LibC",
            "vmette.machine.QemuMachines",
            "vmette.qemu.QmpConnection",
            "akka.actor.typed.ActorSystem",
            "akka.actor.ActorSystemImpl",
            "vmette.Vmette");

    private Preload() {}

    /** Begins, and does not wait. */
    static void begin() {
        Thread thread = new Thread(Preload::load, "vmette-preload");
        thread.setDaemon(true);
        thread.start();
    }

    private static void load() {
        try {
            // Kept by the library: the settings proper are read from it.
            RuntimeSettings.load();
            for (String name : CLASSES) {
                Class.forName(name);
            }
        } catch (RuntimeException | ClassNotFoundException | LinkageError e) {
            // Whoever needs it meets it again, where it can be reported.
        }
    }
}
