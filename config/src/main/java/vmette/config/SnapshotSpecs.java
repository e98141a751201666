package vmette.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import vmette.errors.InvalidConfigException;

/**
 * What a snapshot remembers of the specification of its VM. Pure.
 *
 * <p>In it is what the guest has been given at its boot and keeps. Not in it is what it is given anew with every restore (environment, time,
 * name, ports of the host), what belongs to the host (timeout, health, who reaches it), and what the snapshot tells exactly by itself:
 * processors, memory, kernel and initramfs, kernel command line, disks, what is behind the network card.
 */
public final class SnapshotSpecs {
    /** Always there, since even the default one is a promise to those who talk to the guest. */
    public static final String GUEST_VSOCK_PORT_KEY = "guest-vsock-port";

    /** What a manifest takes. */
    private static final int MOST_CHARS = 4096;

    private static final String CUT = "...";
    private static final Pattern USER = Pattern.compile("://[^/@]*@");

    private SnapshotSpecs() {}

    /**
     * The settings of {@code vmette.vm} that a snapshot can only be restored with, each by its key, if it is not as by default: so those that
     * later versions add keep no earlier snapshot from being restored.
     *
     * @return texts of 1 to 4096 characters, all of which can be shown; no secrets
     */
    public static SortedMap<String, String> identity(VmSpec spec) {
        SortedMap<String, String> identity = new TreeMap<>();
        identity.put(GUEST_VSOCK_PORT_KEY, Integer.toString(spec.snapshots().guestVsockPort()));
        StorageSpec storage = spec.storage();
        storage.rootfs()
                .ifPresent(
                        root -> identity.put("rootfs", shown(USER.matcher(root).replaceFirst("://"))));
        flag(identity, "rootfs-read-only", storage.rootfsReadOnly());
        flag(identity, "switch-root", storage.switchRoot());
        if (storage.scratchMib() > 0) {
            identity.put("scratch", storage.scratchMib() + "MiB");
        }
        spec.caCerts().map(Path::toString).ifPresent(path -> identity.put("ca-certs", shown(path)));
        return Collections.unmodifiableSortedMap(identity);
    }

    private static void flag(SortedMap<String, String> identity, String key, boolean value) {
        if (value) {
            identity.put(key, "true");
        }
    }

    /** One line; what no reader could see, or would take for something else, by its code point. */
    private static String shown(String text) {
        StringBuilder line = new StringBuilder();
        text.codePoints().forEach(c -> {
            switch (Character.getType(c)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.SURROGATE,
                        Character.LINE_SEPARATOR,
                        Character.PARAGRAPH_SEPARATOR -> line.append(String.format("\\u{%x}", c));
                default -> line.appendCodePoint(c);
            }
        });
        if (line.length() <= MOST_CHARS) {
            return line.toString();
        }
        // Two long ones that begin alike are two all the same.
        String rest = CUT + Integer.toHexString(text.hashCode());
        int end = MOST_CHARS - rest.length();
        return line.substring(0, Character.isHighSurrogate(line.charAt(end - 1)) ? end - 1 : end) + rest;
    }

    /**
     * Refuses to restore a VM whose port for commands is not the one that its snapshot was built with. To be asked before anything else is
     * compared, since it is a mistake in what is said, and not in what is there.
     *
     * @param recorded what {@link #identity} gave when the snapshot was built
     * @throws InvalidConfigException which names both
     */
    public static void requireSamePort(Map<String, String> recorded, VmSpec spec) {
        String given = Integer.toString(spec.snapshots().guestVsockPort());
        Optional<String> built = Optional.ofNullable(recorded.get(GUEST_VSOCK_PORT_KEY));
        if (built.isPresent() && !built.get().equals(given)) {
            throw new InvalidConfigException(
                    GUEST_VSOCK_PORT_KEY + " = " + given + " is refused: the snapshot was built with " + built.get()
                            + ", and its guest serves commands there; give that, or build it anew");
        }
    }
}
