package vmette.cache;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which references the blobs of registries belong to, as far as tags and manifests that are here tell. */
final class RegistryNames {
    private static final long MOST_MANIFEST = 4 << 20;
    private static final int MOST_INDEXES = 3;

    private final Path oci;
    private final ObjectMapper json = new ObjectMapper();
    private final SortedMap<String, String> tags = new TreeMap<>();
    private final Map<String, Set<String>> names = new TreeMap<>();

    private RegistryNames(Path oci) {
        this.oci = oci;
    }

    static RegistryNames in(Path oci) throws IOException {
        RegistryNames names = new RegistryNames(oci);
        for (Map.Entry<String, Path> tag : Entries.of(oci.resolve("tags")).entrySet()) {
            if (tag.getKey().matches("[0-9a-f]{16,128}\\.json")) {
                JsonNode said = names.read(tag.getValue());
                String reference = said.path("reference").asText("");
                names.tags.put(tag.getKey(), reference);
                names.mark(said.path("digest").asText(""), reference, 0);
            }
        }
        return names;
    }

    /** References by the names of their files. */
    SortedMap<String, String> tags() {
        return Collections.unmodifiableSortedMap(tags);
    }

    /** Those that a blob belongs to, else its digest. */
    String of(String digest) {
        return names.containsKey(digest) ? String.join(" ", names.get(digest)) : digest;
    }

    private void mark(String digest, String reference, int depth) throws IOException {
        if (!digest.matches("sha(256|512):[0-9a-f]+") || depth > MOST_INDEXES) {
            return;
        }
        names.computeIfAbsent(digest, none -> new TreeSet<>()).add(reference);
        JsonNode manifest = read(oci.resolve("blobs").resolve(digest.replace(':', '/')));
        for (JsonNode each : manifest.path("manifests")) {
            mark(each.path("digest").asText(""), reference, depth + 1);
        }
        note(manifest.path("config"), reference);
        manifest.path("layers").forEach(layer -> note(layer, reference));
    }

    private void note(JsonNode descriptor, String reference) {
        String digest = descriptor.path("digest").asText("");
        if (!digest.isEmpty()) {
            names.computeIfAbsent(digest, none -> new TreeSet<>()).add(reference);
        }
    }

    /** What is no JSON, or gone, says nothing. */
    private JsonNode read(Path file) throws IOException {
        try {
            return Files.isRegularFile(file) && Files.size(file) <= MOST_MANIFEST
                    ? json.readTree(Files.readAllBytes(file))
                    : json.missingNode();
        } catch (JsonProcessingException | NoSuchFileException none) {
            return json.missingNode();
        }
    }
}
