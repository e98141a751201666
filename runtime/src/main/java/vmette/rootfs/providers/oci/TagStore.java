package vmette.rootfs.providers.oci;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/** What tags were last seen to mean: one small file for each, named by the reference's own digest. */
final class TagStore {
    private static final int MAX_FILE = 16 << 10;

    private final Path directory;

    /**
     * What a tag meant.
     *
     * @param digest of the manifest, or the index
     * @param asked when the registry said so
     */
    record Seen(Digest digest, Instant asked) {}

    TagStore(Path directory) {
        this.directory = directory.resolve("tags");
    }

    private Path file(ImageReference reference) {
        return directory.resolve(
                Digest.of(reference.toString().getBytes(StandardCharsets.UTF_8)).hex() + ".json");
    }

    /** Empty where it was never asked for; a file that makes no sense counts as none. */
    Optional<Seen> read(ImageReference reference) throws CacheException {
        try (InputStream in = Files.newInputStream(file(reference))) {
            JsonNode entry = OciJson.object(in.readNBytes(MAX_FILE), "the entry");
            if (!entry.path("reference").asText("").equals(reference.toString())) {
                return Optional.empty();
            }
            BlobStore.touch(file(reference));
            return Digest.parse(entry.path("digest").asText(""))
                    .map(digest -> new Seen(
                            digest, Instant.ofEpochMilli(entry.path("asked").asLong())));
        } catch (NoSuchFileException | InvalidImageException none) {
            return Optional.empty();
        } catch (IOException e) {
            throw new CacheException(e);
        }
    }

    void write(ImageReference reference, Seen seen) throws CacheException {
        BlobStore.makeDirectory(directory);
        Map<String, Object> fields = Map.of(
                "reference", reference.toString(),
                "digest", seen.digest().toString(),
                "asked", seen.asked().toEpochMilli());
        BlobStore.writeAside(file(reference), OciJson.write(fields));
    }
}
