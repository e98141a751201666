package vmette.cache;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import vmette.cache.CacheItem.State;

/**
 * What is in a cache directory. What has not the very name that those who keep things give is not told of, and stays: a directory of that name may
 * be somebody's own.
 */
public final class CacheScan {
    private static final String ID = "[0-9a-f]{16,128}";
    private static final String UNFINISHED = "\\.(aside|new|fetch)-.*";

    private final Path cache;
    private final List<CacheItem> items = new ArrayList<>();

    private CacheScan(Path cache) {
        this.cache = cache;
    }

    /**
     * All of it, by kind, what was used last first.
     *
     * @throws IOException if it cannot be looked at
     */
    public static List<CacheItem> of(Path cache) throws IOException {
        CacheScan scan = new CacheScan(cache);
        scan.images();
        scan.downloads();
        scan.registries();
        scan.digests();
        scan.initramfs();
        scan.guest();
        scan.items.sort(Comparator.comparing(CacheItem::kind)
                .thenComparing(CacheItem::lastUsed, Comparator.reverseOrder())
                .thenComparing(CacheItem::of));
        return List.copyOf(scan.items);
    }

    private void images() throws IOException {
        SortedMap<String, Path> there = Entries.of(cache.resolve("images"));
        for (String id : stems(there, ".squashfs", ".building", ".properties", ".lock")) {
            Path directory = cache.resolve("images");
            Path image = directory.resolve(id + ".squashfs");
            Path building = directory.resolve(id + ".building");
            Path lock = directory.resolve(id + ".lock");
            boolean held = Entries.isHeld(lock);
            CacheKind kind =
                    Files.exists(image) || (held && Files.exists(building)) ? CacheKind.IMAGE : CacheKind.LEFTOVER;
            Path note = directory.resolve(id + ".properties");
            String of = Entries.note(note).getProperty("of", kind == CacheKind.IMAGE ? "" : "images/" + id);
            add(kind, of, List.of(image, building, note), Optional.of(lock), held ? State.IN_USE : State.FREE);
        }
        leftovers(there, "images");
    }

    private void downloads() throws IOException {
        SortedMap<String, Path> there = Entries.of(cache.resolve("downloads"));
        Path directory = cache.resolve("downloads");
        Set<String> known = new HashSet<>();
        for (String id : stems(there, ".properties")) {
            Path note = directory.resolve(id + ".properties");
            Properties said = Entries.note(note);
            String digest = said.getProperty("sha256", "").replaceAll("[^0-9a-f]", "");
            Path content = directory.resolve(digest.isEmpty() ? id + ".part" : digest);
            Path fetching = directory.resolve(id + ".lock");
            Path lock = directory.resolve((digest.isEmpty() ? id : digest) + ".lock");
            known.addAll(List.of(id, digest));
            add(
                    CacheKind.DOWNLOAD,
                    said.getProperty("url", ""),
                    List.of(content, directory.resolve(id + ".part"), note, fetching),
                    Optional.of(lock),
                    Entries.isHeld(lock) || Entries.isHeld(fetching) ? State.IN_USE : State.FREE);
        }
        for (String id : stems(there, "", ".part", ".lock")) {
            if (!known.contains(id)) {
                Path lock = directory.resolve(id + ".lock");
                add(
                        CacheKind.LEFTOVER,
                        "downloads/" + id,
                        List.of(directory.resolve(id), directory.resolve(id + ".part")),
                        Optional.of(lock),
                        Entries.isHeld(lock) ? State.IN_USE : State.FREE);
            }
        }
        leftovers(there, "downloads");
    }

    private void registries() throws IOException {
        Path oci = cache.resolve("oci");
        RegistryNames names = RegistryNames.in(oci);
        for (Map.Entry<String, String> tag : names.tags().entrySet()) {
            free(CacheKind.TAG, tag.getValue(), oci.resolve("tags").resolve(tag.getKey()));
        }
        leftovers(Entries.of(oci.resolve("tags")), "oci/tags");
        for (Map.Entry<String, Path> algorithm :
                Entries.of(oci.resolve("blobs")).entrySet()) {
            SortedMap<String, Path> blobs = Entries.of(algorithm.getValue());
            for (Map.Entry<String, Path> blob : blobs.entrySet()) {
                String hex = blob.getKey().replace(".partial", "");
                if (hex.matches(ID)) {
                    free(CacheKind.BLOB, names.of(algorithm.getKey() + ":" + hex), blob.getValue());
                }
            }
            leftovers(blobs, "oci/blobs/" + algorithm.getKey());
        }
    }

    private void digests() throws IOException {
        SortedMap<String, Path> there = Entries.of(cache.resolve("digests"));
        for (Map.Entry<String, Path> digest : there.entrySet()) {
            if (digest.getKey().matches(ID)) {
                free(CacheKind.DIGEST, Entries.note(digest.getValue()).getProperty("path", ""), digest.getValue());
            }
        }
        leftovers(there, "digests");
    }

    private void initramfs() throws IOException {
        Path directory = cache.resolve("initramfs");
        SortedMap<String, Path> there = Entries.of(directory);
        for (String key : stems(there, ".cpio", ".lock")) {
            Path archive = directory.resolve(key + ".cpio");
            Path lock = directory.resolve(key + ".lock");
            add(
                    Files.exists(archive) ? CacheKind.INITRAMFS : CacheKind.LEFTOVER,
                    "initramfs/" + key,
                    List.of(archive),
                    Optional.of(lock),
                    Entries.isHeld(lock) ? State.IN_USE : State.FREE);
        }
        leftovers(there, "initramfs");
    }

    private void guest() throws IOException {
        Path directory = cache.resolve("guest");
        SortedMap<String, Path> there = Entries.of(directory);
        Set<Path> current = new HashSet<>();
        for (String kind : List.of("kernel", "busybox")) {
            Path link = directory.resolve("current-" + kind);
            if (Files.exists(link)) {
                current.add(link.toRealPath());
            }
        }
        for (Map.Entry<String, Path> asset : there.entrySet()) {
            if (asset.getKey().matches("(kernel|busybox)-.*")) {
                State state = current.contains(asset.getValue().toRealPath())
                        ? State.NEEDED
                        : Entries.isHeld(asset.getValue().resolve("lock")) ? State.IN_USE : State.FREE;
                List<Path> files = List.of(asset.getValue());
                add(CacheKind.GUEST, "guest/" + asset.getKey(), files, Optional.empty(), state);
            }
        }
        leftovers(there, "guest");
    }

    /** What writers had not finished. */
    private void leftovers(SortedMap<String, Path> there, String where) throws IOException {
        for (Map.Entry<String, Path> entry : there.entrySet()) {
            if (entry.getKey().matches(UNFINISHED)) {
                free(CacheKind.LEFTOVER, where + "/" + entry.getKey(), entry.getValue());
            }
        }
    }

    private void free(CacheKind kind, String of, Path file) throws IOException {
        add(kind, of, List.of(file), Optional.empty(), State.FREE);
    }

    private void add(CacheKind kind, String of, List<Path> files, Optional<Path> lock, State state) throws IOException {
        List<Path> all = new ArrayList<>(files);
        lock.ifPresent(all::add);
        items.add(new CacheItem(kind, of, files, lock, Entries.size(files), Entries.modified(all), state));
    }

    /** The ids before these endings, of which {@code ""} is one. */
    private static Set<String> stems(SortedMap<String, Path> there, String... endings) {
        Set<String> stems = new TreeSet<>();
        for (String name : there.keySet()) {
            for (String ending : endings) {
                if (name.endsWith(ending)) {
                    stems.add(name.substring(0, name.length() - ending.length()));
                }
            }
        }
        stems.removeIf(stem -> !stem.matches(ID));
        return stems;
    }
}
