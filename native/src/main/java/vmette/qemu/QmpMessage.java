package vmette.qemu;

import com.fasterxml.jackson.databind.JsonNode;

/** What QEMU says on QMP. */
sealed interface QmpMessage {
    /** The first line. */
    record Greeting(String version) implements QmpMessage {}

    /** A command has succeeded. */
    record Success(long id, JsonNode value) implements QmpMessage {}

    /** A command was refused. */
    record Refusal(long id, String errorClass, String description) implements QmpMessage {}

    /** Something happened; {@code data} is an empty object where QEMU gives none. */
    record Event(String name, JsonNode data) implements QmpMessage {}
}
