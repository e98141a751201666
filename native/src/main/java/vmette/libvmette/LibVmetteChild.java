package vmette.libvmette;

import java.nio.file.Path;
import vmette.errors.VmetteException;

/** What runs in the process of one VM; for {@link LibVmetteVmm} only. Its output is the guest's. */
public final class LibVmetteChild {
    private static final long HOOKS_MILLIS = 10_000;
    private static final int ORPHANED = 1;

    private LibVmetteChild() {}

    /**
     * Takes the order and runs it.
     *
     * @param args the directory of a {@link ChildFiles}
     */
    public static void main(String[] args) {
        ChildFiles files = new ChildFiles(Path.of(args[0]));
        endWithParent(files);
        try {
            run(files);
        } catch (Throwable e) {
            if (files.outcome().isEmpty()) {
                files.reportOutcome(
                        new ChildReport.Refused(e instanceof VmetteException ? e.getMessage() : e.toString()));
            }
        }
        end(0);
    }

    private static void run(ChildFiles files) {
        RunOrder order = files.takeOrder();
        ExitMark.set(files.exitMark());
        LibVmette library = LibVmette.load(Path.of(order.library()));
        String version = library.vmette_version().getString(0, "UTF-8");
        try (NativeConfig config = NativeConfig.create(library, order.config())) {
            files.reportLoaded(new ChildReport.Loaded(version));
            ChildReport outcome = config.run();
            // Whatever becomes of what is left to do, this is how the run ended.
            files.reportOutcome(outcome);
        }
    }

    /** The kernel does it where the parent could ask it to; not every system can be asked. */
    private static void endWithParent(ChildFiles files) {
        Thread watch = new Thread(
                () -> {
                    try {
                        ParentLock.awaitEnd(files.parent());
                    } finally {
                        orphaned(files);
                    }
                },
                "vmette-parent");
        watch.setDaemon(true);
        watch.start();
    }

    /** There is nobody else who would remove them. */
    private static void orphaned(ChildFiles files) {
        try {
            files.remove();
        } finally {
            end(ORPHANED);
        }
    }

    /** A library that is a JVM's too may have hooks; it may not have for ever. */
    private static void end(int status) {
        Thread limit = new Thread(
                () -> {
                    try {
                        Thread.sleep(HOOKS_MILLIS);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    Runtime.getRuntime().halt(status);
                },
                "vmette-limit");
        limit.setDaemon(true);
        limit.start();
        System.exit(status);
    }
}
