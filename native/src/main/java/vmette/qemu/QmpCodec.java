package vmette.qemu;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;

/** QMP's lines to messages, and commands to lines. The peer is a process that a guest may have broken into. */
final class QmpCodec {
    private static final int MAX_NESTING = 64;

    private static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    // Names chosen by the peer must not pile up in tables of the whole JVM.
                    .configure(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES, false)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_NESTING)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private QmpCodec() {}

    /** @throws QmpProtocolException if this is no message of QMP */
    static QmpMessage decode(byte[] line) throws QmpProtocolException {
        JsonNode message;
        try {
            message = JSON.readTree(line);
        } catch (IOException e) {
            throw new QmpProtocolException("no JSON: " + firstLine(e), e);
        }
        if (message == null || !message.isObject()) {
            throw new QmpProtocolException("no JSON object");
        }
        if (message.has("event")) {
            return new QmpMessage.Event(text(message, "event"), object(message, "data"));
        }
        if (message.has("return")) {
            return new QmpMessage.Success(id(message), message.get("return"));
        }
        if (message.has("error")) {
            JsonNode error = object(message, "error");
            return new QmpMessage.Refusal(id(message), text(error, "class"), text(error, "desc"));
        }
        if (message.has("QMP")) {
            return new QmpMessage.Greeting(version(message.get("QMP")));
        }
        throw new QmpProtocolException("an object that is no greeting, answer or event");
    }

    /** @return one line, its end included */
    static byte[] encode(long id, String command, Map<String, ?> arguments) {
        ObjectNode message = JSON.createObjectNode().put("execute", command);
        if (!arguments.isEmpty()) {
            message.set("arguments", JSON.valueToTree(arguments));
        }
        message.put("id", id);
        try {
            byte[] text = JSON.writeValueAsBytes(message);
            byte[] line = Arrays.copyOf(text, text.length + 1);
            line[text.length] = '\n';
            return line;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("arguments of " + command + " are no JSON", e);
        }
    }

    private static String version(JsonNode greeting) {
        JsonNode qemu = greeting.path("version").path("qemu");
        return qemu.path("major").asInt() + "." + qemu.path("minor").asInt() + "."
                + qemu.path("micro").asInt();
    }

    private static long id(JsonNode message) throws QmpProtocolException {
        JsonNode id = message.get("id");
        if (id == null || !id.isIntegralNumber() || !id.canConvertToLong()) {
            throw new QmpProtocolException("an answer without our id");
        }
        return id.longValue();
    }

    private static String text(JsonNode object, String field) throws QmpProtocolException {
        JsonNode value = object.get(field);
        if (value == null || !value.isTextual()) {
            throw new QmpProtocolException("\"" + field + "\" is no string");
        }
        return value.textValue();
    }

    private static JsonNode object(JsonNode message, String field) throws QmpProtocolException {
        JsonNode value = message.get(field);
        if (value == null) {
            return JSON.createObjectNode();
        }
        if (!value.isObject()) {
            throw new QmpProtocolException("\"" + field + "\" is no object");
        }
        return value;
    }

    private static String firstLine(IOException e) {
        return e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
    }
}
