package vmette.guest;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import vmette.errors.VmetteIoException;

/** Where guest assets are fetched from. */
interface GuestPackages {
    /**
     * A package's files.
     *
     * @param kind what the package is for
     * @param version its version
     * @param root the directory it is unpacked in
     */
    record Unpacked(AssetKind kind, String version, Path root) {}

    /**
     * Fetches and unpacks the newest packages.
     *
     * @param kinds which
     * @param scratch an empty directory, which the caller deletes
     * @param progress gets a line before anything that takes long
     * @throws VmetteIoException when there is no way to them
     */
    List<Unpacked> fetch(Set<AssetKind> kinds, Path scratch, Consumer<String> progress);
}
