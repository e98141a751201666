package vmette.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;

/** The words of QMP by which a VM's state is told and taken, and its vsock device plugged in. */
final class SavedState {
    /** Memory in a file that is shared stays where it is; and it is told when a migration ends. */
    static final Map<String, List<Map<String, Object>>> CAPABILITIES = capabilities(true);

    /** All memory is told, whatever it is in. */
    static final Map<String, List<Map<String, Object>>> WITH_MEMORY = capabilities(false);

    /** In bytes a second: none that matters. */
    static final Map<String, Long> NO_LIMIT = Map.of("max-bandwidth", 1L << 40);

    private SavedState() {}

    private static Map<String, List<Map<String, Object>>> capabilities(boolean ignoreShared) {
        return Map.of(
                "capabilities",
                List.of(
                        Map.of("capability", "x-ignore-shared", "state", ignoreShared),
                        Map.of("capability", "events", "state", true)));
    }

    static boolean isOver(JsonNode migration) {
        return isComplete(migration)
                || status(migration).equals("failed")
                || status(migration).equals("cancelled");
    }

    static boolean isComplete(JsonNode migration) {
        return status(migration).equals("completed");
    }

    private static String status(JsonNode migration) {
        return migration.path("status").asText();
    }

    static Map<String, ?> channel(QemuLaunch launch) {
        Map<String, ?> address = Map.of(
                "type", "unix", "data", Map.of("path", launch.vsockSocket().toString()));
        return Map.of(
                "id",
                QemuCommandLine.VSOCK_CHANNEL,
                "backend",
                Map.of("type", "socket", "data", Map.of("addr", address, "server", false)));
    }

    static Map<String, ?> device() {
        return Map.of(
                "driver",
                QemuCommandLine.VSOCK_DRIVER,
                "id",
                QemuCommandLine.VSOCK,
                "chardev",
                QemuCommandLine.VSOCK_CHANNEL,
                "bus",
                QemuCommandLine.BUS,
                "addr",
                QemuCommandLine.VSOCK_PLACE);
    }
}
