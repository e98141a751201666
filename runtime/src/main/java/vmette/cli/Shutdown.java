package vmette.cli;

/** Whether a signal is ending this JVM. */
final class Shutdown {
    private Shutdown() {}

    /** As the runtime itself answers, so that there is no moment at which this would be out of date. */
    static boolean begun() {
        Thread probe = new Thread(() -> {}, "vmette-probe");
        try {
            Runtime.getRuntime().addShutdownHook(probe);
            Runtime.getRuntime().removeShutdownHook(probe);
            return false;
        } catch (IllegalStateException shuttingDown) {
            return true;
        }
    }
}
