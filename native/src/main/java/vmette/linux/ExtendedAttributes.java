package vmette.linux;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** Reads extended attributes, xattr(7), of any namespace that this process may see, and of links themselves. Not thread-safe. */
public final class ExtendedAttributes {
    /** XATTR_LIST_MAX and XATTR_SIZE_MAX, {@code include/uapi/linux/limits.h}. */
    private static final int MOST = 65536;

    private static final int ENODATA = 61;
    private static final int EOPNOTSUPP = 95;

    private final NativeBuffer list = new NativeBuffer(MOST);
    private final NativeBuffer value = new NativeBuffer(MOST);

    /** Its buffers are used again for each file. */
    public ExtendedAttributes() {}

    /**
     * All that the file has; none where its file system has no such thing.
     *
     * @param path as bytes: it need not be text
     * @return names with their namespace
     * @throws LinuxException if the file is not there or may not be looked at
     */
    public Map<String, byte[]> of(byte[] path) {
        NativeBuffer file = terminated(path);
        long length = file.during(address -> (int) LibC.llistxattr(address, list.address, MOST));
        if (length < 0) {
            if (LibC.errno() == EOPNOTSUPP) {
                return Map.of();
            }
            throw new LinuxException("llistxattr " + new String(path, StandardCharsets.UTF_8), LibC.errno());
        }
        Map<String, byte[]> attributes = new TreeMap<>();
        byte[] names = new byte[(int) length];
        list.bytes.get(0, names);
        for (String name : new String(names, StandardCharsets.UTF_8).split("\0", -1)) {
            if (!name.isEmpty()) {
                read(file, name, attributes);
            }
        }
        return attributes;
    }

    private void read(NativeBuffer file, String name, Map<String, byte[]> to) {
        NativeBuffer text = terminated(name.getBytes(StandardCharsets.UTF_8));
        int length = file.during(
                path -> text.during(attribute -> (int) LibC.lgetxattr(path, attribute, value.address, MOST)));
        if (length < 0) {
            if (LibC.errno() == ENODATA || LibC.errno() == EOPNOTSUPP) {
                return;
            }
            throw new LinuxException("lgetxattr " + name, LibC.errno());
        }
        byte[] bytes = new byte[length];
        value.bytes.get(0, bytes);
        to.put(name, bytes);
    }

    private static NativeBuffer terminated(byte[] text) {
        NativeBuffer buffer = new NativeBuffer(text.length + 1);
        buffer.bytes.put(0, text);
        return buffer;
    }
}
