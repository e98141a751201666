package vmette.rootfs.providers.oci;

import static vmette.rootfs.providers.oci.OciJson.shown;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import vmette.rootfs.ImageDefaults;

/** A registry's manifests and configurations to what is used of them. Whatever is not understood is refused, not guessed. */
final class ManifestDecoder {
    /** What overlays and other runtimes bear. */
    static final int MAX_LAYERS = 127;

    private static final int MAX_PLATFORMS = 1024;

    private ManifestDecoder() {}

    /** @throws InvalidImageException if it is not of a kind that is understood */
    static ManifestDocument manifest(byte[] bytes) throws InvalidImageException {
        JsonNode root = OciJson.object(bytes, "the manifest");
        String mediaType = OciJson.text(root, "mediaType", "the manifest");
        boolean index = root.has("manifests");
        boolean image = root.has("layers") || root.has("config");
        if (root.has("fsLayers") || root.path("schemaVersion").asInt() == 1) {
            throw new InvalidImageException(
                    "the manifest is of Docker's schema 1, which is no longer used; push the image anew");
        }
        if (root.path("schemaVersion").asInt() != 2) {
            throw new InvalidImageException("the manifest's schemaVersion is not 2");
        }
        if (index == image) {
            throw new InvalidImageException(
                    "the manifest is " + (index ? "an index and an image at once" : "neither an index nor an image"));
        }
        Set<String> expected = index ? MediaTypes.INDEXES : MediaTypes.MANIFESTS;
        if (!mediaType.isEmpty() && !expected.contains(mediaType)) {
            throw new InvalidImageException("the manifest's media type " + shown(mediaType) + " is not one of "
                    + (index ? "an index" : "an image"));
        }
        return index ? index(root) : image(root);
    }

    private static ManifestDocument.Index index(JsonNode root) throws InvalidImageException {
        List<JsonNode> entries = OciJson.array(root, "manifests", "the index");
        if (entries.size() > MAX_PLATFORMS) {
            throw new InvalidImageException(
                    "the index has " + entries.size() + " entries; at most " + MAX_PLATFORMS + " are taken");
        }
        List<Descriptor> manifests = new ArrayList<>();
        for (JsonNode entry : entries) {
            Descriptor manifest = descriptor(entry, "an entry of the index");
            // others, such as signatures, are none of ours
            if (MediaTypes.MANIFESTS.contains(manifest.mediaType())
                    || MediaTypes.INDEXES.contains(manifest.mediaType())) {
                requireSmall(manifest, "an entry of the index");
                manifests.add(manifest);
            }
        }
        return new ManifestDocument.Index(manifests);
    }

    private static ManifestDocument.Image image(JsonNode root) throws InvalidImageException {
        Descriptor config = descriptor(root.path("config"), "the configuration");
        if (!MediaTypes.CONFIGS.contains(config.mediaType())) {
            throw new InvalidImageException(
                    "it is no container image but something else that registries keep: its configuration is "
                            + shown(config.mediaType()));
        }
        requireSmall(config, "the configuration");
        List<JsonNode> entries = OciJson.array(root, "layers", "the manifest");
        if (entries.size() > MAX_LAYERS) {
            throw new InvalidImageException(
                    "it has " + entries.size() + " layers; at most " + MAX_LAYERS + " are taken");
        }
        List<Descriptor> layers = new ArrayList<>();
        for (JsonNode entry : entries) {
            Descriptor layer = descriptor(entry, "layer " + (layers.size() + 1));
            if (MediaTypes.isForeign(layer.mediaType())) {
                throw new InvalidImageException("layer " + (layers.size() + 1) + " (" + shown(layer.mediaType())
                        + ") is kept out of registries by its publisher, and is not fetched from elsewhere");
            }
            if (!MediaTypes.LAYERS.contains(layer.mediaType())) {
                throw new InvalidImageException("layer " + (layers.size() + 1) + " is of the unknown media type "
                        + shown(layer.mediaType()) + "; tar, plain, gzip or zstd, is what can be unpacked");
            }
            layers.add(layer);
        }
        return new ManifestDocument.Image(config, layers);
    }

    private static void requireSmall(Descriptor descriptor, String what) throws InvalidImageException {
        if (descriptor.size() > OciJson.MAX_BYTES) {
            throw new InvalidImageException(what + " is said to have " + descriptor.size() + " bytes; at most "
                    + OciJson.MAX_BYTES + " are taken");
        }
    }

    private static Descriptor descriptor(JsonNode node, String what) throws InvalidImageException {
        if (!node.isObject()) {
            throw new InvalidImageException(what + " is no descriptor");
        }
        String written = OciJson.text(node, "digest", what);
        Digest digest = Digest.parse(written)
                .orElseThrow(() -> new InvalidImageException(
                        what + "'s digest '" + shown(written) + "' is not sha256: or sha512: and hexadecimal digits"));
        JsonNode size = node.path("size");
        if (!size.isIntegralNumber() || !size.canConvertToLong() || size.longValue() < 0) {
            throw new InvalidImageException(what + "'s size '" + shown(size.asText()) + "' is no count of bytes");
        }
        String mediaType = OciJson.text(node, "mediaType", what);
        if (mediaType.isEmpty()) {
            throw new InvalidImageException(what + " has no media type");
        }
        JsonNode platform = node.path("platform");
        return new Descriptor(
                mediaType, digest, size.longValue(), platform.isObject() ? platform(platform, what) : Platform.UNSAID);
    }

    private static Platform platform(JsonNode node, String what) throws InvalidImageException {
        return new Platform(
                OciJson.text(node, "os", what),
                OciJson.text(node, "architecture", what),
                OciJson.text(node, "variant", what));
    }

    /** @throws InvalidImageException if it is no image's configuration */
    static ImageConfig config(byte[] bytes) throws InvalidImageException {
        String what = "the configuration";
        JsonNode root = OciJson.object(bytes, what);
        JsonNode rootfs = root.path("rootfs");
        int layers =
                rootfs.has("diff_ids") ? OciJson.array(rootfs, "diff_ids", what).size() : -1;
        JsonNode config = root.path("config");
        if (!config.isObject() && !config.isNull() && !config.isMissingNode()) {
            throw new InvalidImageException(what + "'s config is no object");
        }
        List<String> environment = texts(config, "Env");
        for (String variable : environment) {
            if (variable.indexOf('=') < 1) {
                throw new InvalidImageException(what + "'s Env has '" + shown(variable) + "', which is no KEY=VALUE");
            }
        }
        return new ImageConfig(
                platform(root, what),
                layers,
                new ImageDefaults(
                        environment,
                        passable(OciJson.text(config, "WorkingDir", what), "WorkingDir"),
                        passable(OciJson.text(config, "User", what), "User"),
                        texts(config, "Entrypoint"),
                        texts(config, "Cmd")));
    }

    private static List<String> texts(JsonNode config, String field) throws InvalidImageException {
        List<String> texts = new ArrayList<>();
        for (JsonNode element : OciJson.array(config, field, "the configuration")) {
            if (!element.isTextual()) {
                throw new InvalidImageException("the configuration's " + field + " has an element that is no text");
            }
            texts.add(passable(element.textValue(), field));
        }
        return texts;
    }

    /** A text that can be given to a program: no C string holds a NUL. */
    private static String passable(String text, String field) throws InvalidImageException {
        if (text.indexOf('\0') >= 0) {
            throw new InvalidImageException("the configuration's " + field + " has a NUL in it");
        }
        return text;
    }
}
