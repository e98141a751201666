package vmette.guest;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;
import vmette.errors.VmetteIoException;

/**
 * Something fetched, complete in a directory of its own, as its manifest describes it.
 *
 * @param directory the directory, whose name holds kind and version
 * @param manifest see the constants for its keys
 */
record GuestAsset(Path directory, Properties manifest) {
    static final String MANIFEST = "manifest.properties";

    /** Changes whenever an asset that was staged before is not to be used any more. */
    static final String FORMAT = "1";

    static final String KEY_FORMAT = "format";
    static final String KEY_FILE = "file";
    static final String KEY_SIZE = "size";
    static final String KEY_RELEASE = "release";
    static final String KEY_MODULES = "modules";
    static final String KEY_BUILT_IN = "builtin";
    static final String KEY_DEPENDS = "depends.";

    /** The asset in this directory, or nothing when there is none that can be used; one small file and one stat. */
    static Optional<GuestAsset> in(Path directory) {
        Properties manifest = new Properties();
        try (InputStream in = Files.newInputStream(directory.resolve(MANIFEST))) {
            manifest.load(in);
            GuestAsset asset = new GuestAsset(directory.toRealPath(), manifest);
            boolean usable = FORMAT.equals(manifest.getProperty(KEY_FORMAT))
                    && manifest.getProperty(KEY_FILE) != null
                    && String.valueOf(Files.size(asset.file())).equals(manifest.getProperty(KEY_SIZE));
            return usable ? Optional.of(asset) : Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Writes the manifest of an asset whose file is in place. */
    static void describe(Path directory, String file, Properties manifest) throws IOException {
        manifest.setProperty(KEY_FORMAT, FORMAT);
        manifest.setProperty(KEY_FILE, file);
        manifest.setProperty(KEY_SIZE, String.valueOf(Files.size(directory.resolve(file))));
        try (OutputStream out = Files.newOutputStream(directory.resolve(MANIFEST))) {
            manifest.store(out, null);
        }
    }

    /** The kernel or busybox. */
    Path file() {
        return directory.resolve(manifest.getProperty(KEY_FILE));
    }

    String release() {
        return manifest.getProperty(KEY_RELEASE, "");
    }

    String identity() {
        return directory.getFileName().toString();
    }

    /** The kernel's modules, of which nothing has to be read. */
    KernelModules modules() {
        return new KernelModules(new Catalogue());
    }

    private Set<String> list(String key) {
        Set<String> names = new HashSet<>(List.of(manifest.getProperty(key, "").split(",", -1)));
        names.remove("");
        return names;
    }

    private final class Catalogue implements KernelModules.Catalogue {
        private final Set<String> names = list(KEY_MODULES);
        private final Set<String> builtIn = list(KEY_BUILT_IN);

        @Override
        public Optional<KernelModule> find(String name) {
            return Optional.of(name)
                    .filter(names::contains)
                    .map(known -> new KernelModule(
                            known, directory.resolve("modules").resolve(known + ".ko"), identity() + "/" + known));
        }

        @Override
        public Set<String> builtIn() {
            return builtIn;
        }

        @Override
        public boolean knowsBuiltIn() {
            return true;
        }

        @Override
        public Modinfo modinfo(KernelModule module) {
            String depends = manifest.getProperty(KEY_DEPENDS + module.name());
            if (depends == null) {
                throw new VmetteIoException("the manifest in " + directory + " says nothing of the kernel module "
                        + module.name() + ": delete that directory to have it fetched again");
            }
            return new Modinfo(
                    Stream.of(depends.split(",", -1))
                            .filter(name -> !name.isEmpty())
                            .toList(),
                    release());
        }

        @Override
        public String origin() {
            return directory.toString();
        }
    }
}
