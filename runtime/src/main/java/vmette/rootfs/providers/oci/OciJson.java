package vmette.rootfs.providers.oci;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** JSON from a registry: bounded in bytes, depth and tokens before any of it is looked at. */
final class OciJson {
    /** Of a manifest or a configuration; what registries and other clients take as the most. */
    static final int MAX_BYTES = 4 << 20;

    private static final int MAX_NESTING = 32;
    private static final int MAX_TOKENS = 100_000;
    private static final int MAX_SHOWN = 100;

    private static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    // Names chosen by a registry must not pile up in tables of the whole JVM.
                    .configure(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES, false)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_NESTING)
                            .maxTokenCount(MAX_TOKENS)
                            .build())
                    .build())
            // Two readers must not see two meanings.
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private OciJson() {}

    /** @throws InvalidImageException if this is no object, or beyond a bound */
    static JsonNode object(byte[] bytes, String what) throws InvalidImageException {
        if (bytes.length > MAX_BYTES) {
            throw new InvalidImageException(what + " is longer than " + MAX_BYTES + " bytes");
        }
        JsonNode node;
        try {
            node = JSON.readTree(bytes);
        } catch (JsonProcessingException e) {
            throw new InvalidImageException(
                    what + " is not the JSON it should be: " + shown(e.getOriginalMessage()), e);
        } catch (IOException e) {
            throw new InvalidImageException(what + " is not the JSON it should be", e);
        }
        if (node == null || !node.isObject()) {
            throw new InvalidImageException(what + " is no JSON object");
        }
        return node;
    }

    /** The text of a field; empty where there is none. */
    static String text(JsonNode object, String field, String what) throws InvalidImageException {
        JsonNode value = object.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return "";
        }
        if (!value.isTextual()) {
            throw new InvalidImageException(what + "'s " + field + " is no text");
        }
        return value.textValue();
    }

    /** The elements of a field; none where there is none. */
    static List<JsonNode> array(JsonNode object, String field, String what) throws InvalidImageException {
        JsonNode value = object.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return List.of();
        }
        if (!value.isArray()) {
            throw new InvalidImageException(what + "'s " + field + " is no list");
        }
        List<JsonNode> elements = new ArrayList<>(value.size());
        value.forEach(elements::add);
        return elements;
    }

    static byte[] write(Map<String, ?> fields) {
        ObjectNode object = JSON.valueToTree(fields);
        return object.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
    }

    /** A stranger's text, fit for a message: short, in one line, without control characters. */
    static String shown(String text) {
        StringBuilder shown = new StringBuilder();
        text.codePoints()
                .limit(MAX_SHOWN)
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c)
                .forEach(shown::appendCodePoint);
        return text.codePointCount(0, text.length()) > MAX_SHOWN ? shown + "..." : shown.toString();
    }
}
