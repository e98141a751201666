package vmette.rootfs.providers;

import java.util.ArrayList;
import java.util.List;

/** The names that may stand in an archive; text as in {@link TarEntry}. */
final class EntryName {
    /** PATH_MAX without the zero, and NAME_MAX, {@code include/uapi/linux/limits.h}. */
    static final int MOST_PATH = 4095;

    private static final int MOST_COMPONENT = 255;

    private EntryName() {}

    /** The way from the root; empty for the root itself. A leading slash means nothing. */
    static List<String> components(String name) throws TarFormatException {
        if (name.isEmpty()) {
            throw new TarFormatException("it has a file without a name");
        }
        if (name.length() > MOST_PATH) {
            throw new TarFormatException("it has a name of " + name.length() + " bytes, and Linux allows " + MOST_PATH);
        }
        if (name.indexOf('\0') >= 0) {
            throw new TarFormatException("it has a zero byte in the name '" + TarEntry.shown(name) + "'");
        }
        List<String> components = split(name);
        for (String component : components) {
            if (component.equals("..")) {
                throw new TarFormatException("the name '" + TarEntry.shown(name) + "' leads upwards");
            }
            if (component.length() > MOST_COMPONENT) {
                throw new TarFormatException(
                        "'" + TarEntry.shown(name) + "' has a component longer than " + MOST_COMPONENT + " bytes");
            }
        }
        return components;
    }

    /** Where a symbolic link may lead: anywhere, since only a guest follows it. */
    static String target(TarEntry link) throws TarFormatException {
        String target = link.link();
        if (target.isEmpty() || target.length() > MOST_PATH || target.indexOf('\0') >= 0) {
            throw new TarFormatException(
                    "the symbolic link '" + TarEntry.shown(link.name()) + "' leads to what can be no path");
        }
        return target;
    }

    /** Without empty components and {@code .}. */
    static List<String> split(String path) {
        List<String> components = new ArrayList<>();
        int start = 0;
        while (start < path.length()) {
            int slash = path.indexOf('/', start);
            int end = slash < 0 ? path.length() : slash;
            if (end > start && !(end == start + 1 && path.charAt(start) == '.')) {
                components.add(path.substring(start, end));
            }
            start = end + 1;
        }
        return components;
    }
}
