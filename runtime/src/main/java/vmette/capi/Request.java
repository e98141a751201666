package vmette.capi;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import vmette.config.VmSpec;
import vmette.config.VmSpecBuilder;
import vmette.errors.InvalidConfigException;

/**
 * A configuration as C sends it: entries of a key, a value and a second value, each ended by a NUL. Paths are absolute, or empty.
 */
final class Request {
    private static final int FIELDS = 3;

    /** Whose bytes a long can count. */
    private static final long MOST_MIB = Long.MAX_VALUE >> 20;

    private record Entry(String key, String value, String second) {}

    private final List<Entry> entries;

    private Request(List<Entry> entries) {
        this.entries = entries;
    }

    /** @throws InvalidConfigException if these bytes are none that our own library sends */
    static Request decode(byte[] bytes) {
        List<String> fields = new ArrayList<>();
        int begin = 0;
        for (int at = 0; at < bytes.length; at++) {
            if (bytes[at] == 0) {
                fields.add(text(bytes, begin, at));
                begin = at + 1;
            }
        }
        if (begin != bytes.length || fields.size() % FIELDS != 0) {
            throw foreign("an entry is cut off");
        }
        List<Entry> entries = new ArrayList<>();
        for (int at = 0; at < fields.size(); at += FIELDS) {
            entries.add(new Entry(fields.get(at), fields.get(at + 1), fields.get(at + 2)));
        }
        return new Request(entries);
    }

    private static String text(byte[] bytes, int begin, int end) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, begin, end - begin))
                    .toString();
        } catch (CharacterCodingException e) {
            throw foreign("a text is not UTF-8");
        }
    }

    private static InvalidConfigException foreign(String why) {
        return new InvalidConfigException(
                "libvmette.so and its jars do not belong together (" + why + "): install them anew, from one version");
    }

    /**
     * What the VM is to be.
     *
     * @param defaults for what the request does not say
     * @throws InvalidConfigException naming the value and what is allowed
     */
    VmSpec spec(VmSpec defaults) {
        VmSpecBuilder spec = defaults.toBuilder();
        entries.forEach(entry -> apply(entry, spec));
        return spec.build();
    }

    private static void apply(Entry entry, VmSpecBuilder spec) {
        switch (entry.key()) {
            case "kernel" -> {
                if (!entry.value().isEmpty()) {
                    spec.kernel(path(entry));
                }
            }
            case "initramfs" -> {
                if (!entry.value().isEmpty()) {
                    spec.initramfs(path(entry));
                }
            }
            case "cmdline" -> spec.cmdline(entry.value());
            case "rootfs" -> spec.rootfs(directory(entry));
            case "rootfs-read-only" -> spec.rootfsReadOnly(flag(entry));
            case "share" -> spec.share(entry.second(), path(entry));
            case "env" -> spec.env(entry.second(), entry.value());
            case "disk" -> spec.disk(path(entry));
            case "exec" -> spec.exec(entry.value());
            case "net" -> spec.net(flag(entry));
            case "switch-root" -> spec.switchRoot(flag(entry));
            case "vsock-port" -> spec.vsockPort((int) number(entry, Integer.MIN_VALUE, Integer.MAX_VALUE));
            case "guest-vsock-port" -> spec.guestVsockPort((int) number(entry, 1, Integer.MAX_VALUE));
            case "timeout" -> spec.timeout(Duration.ofSeconds(number(entry, 0, Long.MAX_VALUE)));
            case "vcpus" -> spec.vcpus((int) number(entry, 0, Integer.MAX_VALUE));
            case "memory" -> spec.memoryMib(number(entry, VmSpec.LEAST_MEMORY_MIB, MOST_MIB));
            case "scratch" -> spec.scratchMib(number(entry, 0, MOST_MIB));
            case "build-snapshot" -> spec.buildSnapshot(path(entry));
            case "resume-snapshot" -> spec.resumeSnapshot(path(entry));
            default -> throw foreign("\"" + entry.key() + "\" is unknown");
        }
    }

    /** The interface shares a directory; others would be looked for below the working directory. */
    private static Path directory(Entry entry) {
        if (entry.value().contains("://")) {
            throw new InvalidConfigException(entry.key() + " = " + entry.value()
                    + " is refused: vmette_config_set_rootfs_share takes a directory; an image is given as vmette.vm.rootfs in the file that"
                    + " VMETTE_CONFIG names");
        }
        return path(entry);
    }

    private static Path path(Entry entry) {
        if (entry.value().isEmpty()) {
            throw new InvalidConfigException(entry.key() + " is empty: give it a path");
        }
        try {
            return Path.of(entry.value());
        } catch (InvalidPathException e) {
            throw new InvalidConfigException(
                    entry.key() + " = " + entry.value() + " is no path here: " + e.getReason(), e);
        }
    }

    private static boolean flag(Entry entry) {
        return number(entry, 0, 1) == 1;
    }

    /** 64 bits without a sign may not fit a long. */
    private static long number(Entry entry, long least, long most) {
        try {
            long value = Long.parseLong(entry.value());
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException e) {
            if (entry.value().isEmpty() || !entry.value().chars().allMatch(c -> c >= '0' && c <= '9')) {
                throw foreign(entry.key() + " is no number");
            }
        }
        throw new InvalidConfigException(
                entry.key() + " = " + entry.value() + " is refused: allowed is " + least + " to " + most);
    }
}
