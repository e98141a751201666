package vmette.snapshot;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Manifests as JSON. There is one text for each: what is read has to be the very bytes that would be written, its last member the SHA-256 of
 * what comes before it, so that no change goes unseen. A key that is not known is refused: what a manifest means is settled by its version,
 * and one that says more has another.
 */
final class ManifestCodec {
    /** The largest manifest, in bytes: of some terabytes of memory and disks. */
    static final int MAX_BYTES = 16 << 20;

    /** The format's version. */
    static final int VERSION = 2;

    private static final String FORMAT = "vmette-snapshot";
    private static final int MAX_NESTING = 8;

    private static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .configure(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES, false)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_NESTING)
                            .maxStringLength(MAX_BYTES)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private ManifestCodec() {}

    static byte[] encode(Manifest manifest) {
        ObjectNode root = body(manifest);
        root.put("sha256", digest(root));
        return bytes(root);
    }

    private static ObjectNode body(Manifest manifest) {
        ObjectNode root = JSON.createObjectNode();
        root.put("format", FORMAT);
        root.put("version", VERSION);
        root.put("taken-at", manifest.takenAt().toString());
        MachineIdentity machine = manifest.machine();
        ObjectNode runs = root.putObject("machine");
        runs.put("vmm", machine.vmm());
        runs.put("vmm-version", machine.vmmVersion());
        runs.put("type", machine.type());
        runs.put("accelerator", machine.accelerator());
        runs.put("cpu", machine.cpu());
        runs.put("vcpus", machine.vcpus());
        runs.put("memory-mib", machine.memoryMib());
        runs.put("kernel", machine.kernel());
        runs.put("initramfs", machine.initramfs());
        ObjectNode spec = root.putObject("spec");
        machine.spec().forEach(spec::put);
        ObjectNode state = root.putObject("device-state");
        state.put("bytes", manifest.state().bytes());
        state.put("sha256", manifest.state().sha256());
        sums(root.putObject("memory"), manifest.memory());
        ArrayNode disks = root.putArray("disks");
        for (DiskFile disk : manifest.disks()) {
            ObjectNode file = disks.addObject();
            file.put("name", disk.name());
            file.put("device", disk.device());
            file.put("format", disk.format());
            sums(file, disk.sums());
        }
        return root;
    }

    private static void sums(ObjectNode to, ChunkSums sums) {
        to.put("bytes", sums.bytes());
        to.put("crc32c", sums.text());
    }

    private static String digest(ObjectNode body) {
        return Sha256.of(bytes(body));
    }

    private static byte[] bytes(ObjectNode root) {
        try {
            return JSON.writeValueAsBytes(root);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** @throws IllegalArgumentException with what is wrong with it */
    static Manifest decode(byte[] text) {
        if (text.length > MAX_BYTES) {
            throw new IllegalArgumentException("it has " + text.length + " bytes, at most " + MAX_BYTES + " are read");
        }
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("it is no JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new IllegalArgumentException("it is no JSON: " + e.getMessage(), e);
        }
        if (root == null
                || !root.isObject()
                || !FORMAT.equals(root.path("format").textValue())) {
            throw new IllegalArgumentException("it does not say that it is a " + FORMAT);
        }
        long version = number(root, "version");
        if (version != VERSION) {
            throw new IllegalArgumentException(
                    "its format has version " + version + ", and this vmette reads version " + VERSION);
        }
        Manifest manifest = manifest(root);
        if (!digest(body(manifest)).equals(text(root, "sha256"))) {
            throw new IllegalArgumentException("it does not have the SHA-256 that it tells: it was damaged or changed");
        }
        if (!Arrays.equals(text, encode(manifest))) {
            throw new IllegalArgumentException("it is not laid out as it was written: it was damaged or changed");
        }
        return manifest;
    }

    private static Manifest manifest(JsonNode root) {
        keys(root, "", "format", "version", "taken-at", "machine", "spec", "device-state", "memory", "disks", "sha256");
        JsonNode state = keys(root.get("device-state"), "device-state", "bytes", "sha256");
        return new Manifest(
                instant(text(root, "taken-at")),
                machine(root),
                new StateFile(number(state, "bytes"), text(state, "sha256")),
                sums(keys(root.get("memory"), "memory", "bytes", "crc32c")),
                disks(root.get("disks")));
    }

    private static MachineIdentity machine(JsonNode root) {
        JsonNode runs = keys(
                root.get("machine"),
                "machine",
                "vmm",
                "vmm-version",
                "type",
                "accelerator",
                "cpu",
                "vcpus",
                "memory-mib",
                "kernel",
                "initramfs");
        JsonNode spec = root.get("spec");
        if (!spec.isObject()) {
            throw new IllegalArgumentException("spec is no object");
        }
        SortedMap<String, String> named = new TreeMap<>();
        spec.fieldNames().forEachRemaining(name -> named.put(name, text(spec, name)));
        return new MachineIdentity(
                text(runs, "vmm"),
                text(runs, "vmm-version"),
                text(runs, "type"),
                text(runs, "accelerator"),
                text(runs, "cpu"),
                (int) Texts.range("vcpus", number(runs, "vcpus"), 1, Integer.MAX_VALUE),
                number(runs, "memory-mib"),
                text(runs, "kernel"),
                text(runs, "initramfs"),
                named);
    }

    private static List<DiskFile> disks(JsonNode given) {
        if (!given.isArray() || given.size() > Manifest.MAX_DISKS) {
            throw new IllegalArgumentException("disks is no list of at most " + Manifest.MAX_DISKS);
        }
        List<DiskFile> disks = new ArrayList<>();
        for (JsonNode disk : given) {
            keys(disk, "a disk", "name", "device", "format", "bytes", "crc32c");
            disks.add(new DiskFile(text(disk, "name"), text(disk, "device"), text(disk, "format"), sums(disk)));
        }
        return disks;
    }

    private static ChunkSums sums(JsonNode given) {
        return ChunkSums.of(Texts.range("bytes", number(given, "bytes"), 1, Long.MAX_VALUE), text(given, "crc32c"));
    }

    private static Instant instant(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException("taken-at is no time", e);
        }
    }

    private static JsonNode keys(JsonNode object, String where, String... names) {
        if (object == null || !object.isObject()) {
            throw new IllegalArgumentException(where + " is no object");
        }
        Set<String> wanted = new HashSet<>(Arrays.asList(names));
        object.fieldNames().forEachRemaining(name -> {
            if (!wanted.remove(name)) {
                throw new IllegalArgumentException(
                        "it has a key that this version does not know" + (where.isEmpty() ? "" : " in " + where));
            }
        });
        if (!wanted.isEmpty()) {
            throw new IllegalArgumentException(
                    "it lacks " + (where.isEmpty() ? "" : where + ".") + new TreeSet<>(wanted).first());
        }
        return object;
    }

    private static String text(JsonNode object, String key) {
        JsonNode value = object.get(key);
        if (value == null || !value.isTextual()) {
            throw new IllegalArgumentException(key + " is no text");
        }
        return value.textValue();
    }

    private static long number(JsonNode object, String key) {
        JsonNode value = object.get(key);
        if (value == null || !value.isIntegralNumber() || !value.canConvertToLong()) {
            throw new IllegalArgumentException(key + " is no number");
        }
        return value.longValue();
    }
}
