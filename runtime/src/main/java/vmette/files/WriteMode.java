package vmette.files;

import java.util.Locale;

/** What a write does to a file of that name. */
public enum WriteMode {
    /**
     * A new file takes the old one's place whole when all has been written: who reads sees the one or the other, and a write that
     * fails leaves the old one. The owner stays, the mode is the given one; other hard links keep the old content. What is no
     * regular file, and the files of {@code /proc} and {@code /sys}, are written {@linkplain #IN_PLACE in place}.
     */
    REPLACE,
    /** Only if there is no such name yet ({@code EEXIST}); put in place whole. */
    CREATE,
    /** To the end of the file, made if need be; what arrived before a failure stays. */
    APPEND,
    /** Into the very file, which is emptied first; what arrived before a failure stays. An existing file keeps its mode. */
    IN_PLACE;

    String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
