package vmette.config;

import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * A directory of the host that a guest sees at {@code /mnt/TAG}.
 *
 * @param tag letters, digits, '-', '_' and '.', at most 36 (virtio-fs), not {@code ctl}
 * @param path the directory; that it is one is checked when a VM is launched
 * @param readOnly enforced on the host, whatever the guest mounts
 */
public record Share(String tag, Path path, boolean readOnly) {
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,35}");

    /** Checks what is given. */
    public Share {
        if (!TAG.matcher(tag).matches()) {
            throw Checks.refuse(
                    "share: the tag", tag, "letters, digits, '-', '_' and '.', at most 36, a letter or digit first");
        }
        if (tag.equals("ctl")) {
            throw Checks.refuse("share: the tag", tag, "any but ctl, which is reserved");
        }
        path = path.toAbsolutePath();
    }

    /**
     * Reads {@code TAG=PATH}; a path may begin with {@code ~/}.
     *
     * @throws vmette.errors.InvalidConfigException if it is something else
     */
    public static Share parse(String text, boolean readOnly) {
        int equals = text.indexOf('=');
        if (equals < 1 || equals == text.length() - 1) {
            throw Checks.refuse("share", text, "TAG=PATH, such as work=/home/me/work");
        }
        return new Share(text.substring(0, equals), Section.expanded(text.substring(equals + 1)), readOnly);
    }
}
