package vmette.rootfs.providers;

import java.io.IOException;
import java.net.URI;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Goes through a directory's tree, a directory before what is in it, names in order. No link is followed; other file systems that are mounted in it
 * are empty directories, as is one that is left out. Not thread-safe.
 */
final class DirectoryWalk {
    private static final String WANTED = "unix:mode,uid,gid,dev,ino,nlink,rdev,size,lastModifiedTime,ctime";

    private static final FileTime EPOCH = FileTime.fromMillis(0);

    private final Object device;
    private final Path leftOut;
    private final Deque<Found> left = new ArrayDeque<>();

    /**
     * A file of the tree.
     *
     * @param name from the root, without a leading slash, as in {@link TarEntry}; empty for the root
     * @param attributes of the view "unix"
     */
    record Found(Path path, String name, Map<String, Object> attributes) {
        int mode() {
            return (Integer) attributes.get("mode");
        }

        long number(String attribute) {
            return ((Number) attributes.get(attribute)).longValue();
        }

        boolean isDirectory() {
            return (mode() & 0170000) == 0040000;
        }

        /** Everything by which a change is seen. */
        String identity() {
            return name + "\0" + attributes;
        }
    }

    /** @param leftOut a directory that is not gone into, wherever it is */
    DirectoryWalk(Path root, Path leftOut) throws IOException {
        this.leftOut = leftOut;
        Found first = found(root, "");
        device = first.attributes().get("dev");
        left.push(first);
    }

    /** Null at the end. */
    Found next() throws IOException {
        if (left.isEmpty()) {
            return null;
        }
        Found next = left.pop();
        if (next.isDirectory()
                && next.attributes().get("dev").equals(device)
                && !next.path().equals(leftOut)) {
            List<Found> within = new ArrayList<>();
            try (DirectoryStream<Path> paths = Files.newDirectoryStream(next.path())) {
                for (Path each : paths) {
                    within.add(found(each, next.name().isEmpty() ? name(each) : next.name() + "/" + name(each)));
                }
            } catch (DirectoryIteratorException e) {
                throw e.getCause();
            }
            within.sort(Comparator.comparing(Found::name).reversed());
            within.forEach(left::push);
            if (left.size() > ImageTree.MOST_NAMES) {
                throw new TarFormatException("there are more than " + ImageTree.MOST_NAMES + " files");
            }
        }
        return next;
    }

    private Found found(Path path, String name) throws IOException {
        Map<String, Object> attributes = new TreeMap<>(Files.readAttributes(path, WANTED, LinkOption.NOFOLLOW_LINKS));
        if (path.equals(leftOut)) {
            // it changes with what is in it, which is nobody's business here
            attributes.putAll(Map.of("size", 0L, "nlink", 1, "lastModifiedTime", EPOCH, "ctime", EPOCH));
        }
        return new Found(path, name, attributes);
    }

    /** The bytes of the last component, of which a path's text may be a poor copy. */
    private static String name(Path path) {
        return bytes(path.getFileName());
    }

    /** Of a relative path, or a link's target. */
    static String bytes(Path path) {
        String text = path.toString();
        if (text.chars().allMatch(each -> each > 0 && each < 0x80)) {
            return text;
        }
        boolean absolute = path.isAbsolute();
        URI uri = Path.of("/").resolve(path).toUri();
        String raw = uri.getRawPath();
        StringBuilder bytes = new StringBuilder(raw.length());
        for (int i = absolute ? 0 : 1; i < raw.length(); i++) {
            if (raw.charAt(i) == '%') {
                bytes.append((char) Integer.parseInt(raw.substring(i + 1, i + 3), 16));
                i += 2;
            } else {
                bytes.append(raw.charAt(i));
            }
        }
        boolean slash = bytes.length() > 0 && bytes.charAt(bytes.length() - 1) == '/';
        return slash && !text.endsWith("/") ? bytes.substring(0, bytes.length() - 1) : bytes.toString();
    }

    /** What a link says, as bytes. */
    static String target(Path link) throws IOException {
        return bytes(Files.readSymbolicLink(link));
    }
}
