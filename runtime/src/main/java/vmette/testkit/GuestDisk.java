package vmette.testkit;

import akka.util.ByteString;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The files of one incarnation, and the agent's built-ins on them, each as a script: read, write, list, stat, mkdir and remove as {@code docs/guest-protocol.md} has
 * them. There are files and directories, no links, and trees go neither in nor out. The kit's thread's.
 */
final class GuestDisk {
    private static final int ENOENT = 2;
    private static final int EBUSY = 16;
    private static final int EEXIST = 17;
    private static final int ENOTDIR = 20;
    private static final int EISDIR = 21;
    private static final int EINVAL = 22;
    private static final int ENOTEMPTY = 39;
    private static final int ECANCELED = 125;
    private static final int REGULAR = 0100000;
    private static final int DIRECTORY = 0040000;
    private static final int FIXED = 6 * 4 + 2 * 8 + 4;
    private static final String ROOT = "/";

    private record Node(int mode, ByteString content, Instant modified) {
        boolean isDirectory() {
            return (mode & DIRECTORY) != 0;
        }
    }

    /** The end of a built-in by an errno. */
    private static final class Failed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final int errno;

        Failed(int errno) {
            super("errno " + errno, null, false, false);
            this.errno = errno;
        }
    }

    private final InstantSource clock;
    private final TreeMap<String, Node> nodes = new TreeMap<>();

    GuestDisk(InstantSource clock) {
        this.clock = clock;
        mkdir(ROOT, 0755);
        mkdir("/tmp", 01777);
    }

    private void mkdir(String path, int mode) {
        nodes.put(path, new Node(DIRECTORY | mode, ByteString.emptyByteString(), clock.instant()));
    }

    /** What a built-in does; empty for one that there is not. */
    Optional<Script> builtIn(List<String> arguments) {
        String[] rest = arguments.subList(1, arguments.size()).toArray(String[]::new);
        return switch (arguments.get(0)) {
            case "read" -> Optional.of(guarded(() -> read(rest)));
            case "write" -> Optional.of(Script.reading(input -> guarded(() -> write(input, rest))));
            case "list" -> Optional.of(guarded(() -> list(rest)));
            case "stat" -> Optional.of(guarded(() -> Script.script().thenPrint(record("", node(path(rest))))));
            case "mkdir" -> Optional.of(guarded(() -> mkdir(rest)));
            case "remove" -> Optional.of(guarded(() -> remove(rest)));
            default -> Optional.empty();
        };
    }

    private interface BuiltIn {
        Script run();
    }

    private static Script guarded(BuiltIn builtIn) {
        try {
            return builtIn.run();
        } catch (Failed e) {
            return Script.exit(e.errno);
        } catch (ArrayIndexOutOfBoundsException | NumberFormatException e) {
            return Script.exit(EINVAL);
        }
    }

    /** Writes a file as a program in the guest would; the directories above it are made. */
    void write(String path, ByteString content) {
        String whole = normal(path);
        for (int slash = whole.indexOf('/', 1); slash > 0; slash = whole.indexOf('/', slash + 1)) {
            String above = whole.substring(0, slash);
            if (!nodes.containsKey(above)) {
                mkdir(above, 0755);
            }
        }
        requireParent(whole);
        put(whole, 0644, content);
    }

    private void put(String path, int mode, ByteString content) {
        nodes.put(path, new Node(REGULAR | mode, content, clock.instant()));
    }

    private Script read(String[] arguments) {
        Node file = node(path(arguments));
        if (file.isDirectory()) {
            throw new Failed(EISDIR);
        }
        long from = Math.min(Long.parseLong(arguments[1]), file.content().size());
        long most = arguments.length > 2 ? Long.parseLong(arguments[2]) : Long.MAX_VALUE;
        int length = (int) Math.min(most, file.content().size() - from);
        return Script.script().thenPrint(file.content().slice((int) from, (int) from + length));
    }

    private Script write(ByteString framed, String[] arguments) {
        ByteString content = content(framed);
        String path = path(arguments);
        int mode = Integer.parseInt(arguments[1], 8);
        String how = arguments[2];
        Node former = nodes.get(path);
        requireParent(path);
        if (former != null && former.isDirectory()) {
            throw new Failed(EISDIR);
        }
        if (former == null || how.equals("replace")) {
            put(path, mode, content);
        } else if (how.equals("create")) {
            throw new Failed(EEXIST);
        } else if (how.equals("append")) {
            put(path, former.mode() & 07777, former.content().concat(content));
        } else if (how.equals("in-place")) {
            put(path, former.mode() & 07777, content);
        } else {
            throw new Failed(EINVAL);
        }
        return Script.exit(0);
    }

    /** Takes the chunks out of their frames; an input without its end was cut off. */
    private static ByteString content(ByteString framed) {
        ByteBuffer in = framed.toByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        ByteArrayOutputStream content = new ByteArrayOutputStream(in.remaining());
        while (in.remaining() >= Integer.BYTES) {
            int length = in.getInt();
            if (length == 0) {
                return ByteString.fromArrayUnsafe(content.toByteArray());
            }
            if (length < 0 || length > in.remaining()) {
                break;
            }
            byte[] chunk = new byte[length];
            in.get(chunk);
            content.writeBytes(chunk);
        }
        throw new Failed(ECANCELED);
    }

    private Script list(String[] arguments) {
        String path = path(arguments);
        if (!node(path).isDirectory()) {
            throw new Failed(ENOTDIR);
        }
        ByteString all = ByteString.emptyByteString();
        for (Map.Entry<String, Node> entry : beneath(path).entrySet()) {
            if (parent(entry.getKey()).equals(path)) {
                String name = entry.getKey().substring(entry.getKey().lastIndexOf('/') + 1);
                all = all.concat(record(name, entry.getValue()));
            }
        }
        return Script.script().thenPrint(all);
    }

    private Script mkdir(String[] arguments) {
        String path = path(arguments);
        int mode = Integer.parseInt(arguments[1], 8);
        Node former = nodes.get(path);
        if (arguments.length > 2) {
            if (former != null && former.isDirectory()) {
                return Script.exit(0);
            }
            Deque<String> missing = new ArrayDeque<>();
            for (String above = parent(path); !nodes.containsKey(above); above = parent(above)) {
                missing.push(above);
            }
            requireDirectory(missing.isEmpty() ? parent(path) : parent(missing.peek()));
            missing.forEach(above -> mkdir(above, 0755));
        }
        if (former != null) {
            throw new Failed(EEXIST);
        }
        requireParent(path);
        mkdir(path, mode);
        return Script.exit(0);
    }

    private Script remove(String[] arguments) {
        String path = path(arguments);
        if (path.equals(ROOT)) {
            throw new Failed(EBUSY);
        }
        node(path);
        Map<String, Node> beneath = beneath(path);
        if (!beneath.isEmpty() && arguments.length < 2) {
            throw new Failed(ENOTEMPTY);
        }
        List.copyOf(beneath.keySet()).forEach(nodes::remove);
        nodes.remove(path);
        return Script.exit(0);
    }

    private Map<String, Node> beneath(String path) {
        String prefix = path.equals(ROOT) ? ROOT : path + "/";
        // '0' follows '/' in every order of characters.
        return nodes.subMap(prefix, false, prefix.substring(0, prefix.length() - 1) + "0", false);
    }

    private Node node(String path) {
        Node node = nodes.get(path);
        if (node == null) {
            requireParent(path);
            throw new Failed(ENOENT);
        }
        return node;
    }

    private void requireParent(String path) {
        requireDirectory(parent(path));
    }

    private void requireDirectory(String path) {
        Node node = nodes.get(path);
        if (node == null) {
            throw new Failed(ENOENT);
        } else if (!node.isDirectory()) {
            throw new Failed(ENOTDIR);
        }
    }

    private static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash <= 0 ? ROOT : path.substring(0, slash);
    }

    private static String path(String[] arguments) {
        return normal(arguments[0]);
    }

    /** Without what leads nowhere; bytes beyond UTF-8 stay as they are written. */
    private static String normal(String path) {
        Deque<String> parts = new ArrayDeque<>();
        for (String part : path.split("/", -1)) {
            if (part.equals("..")) {
                parts.pollLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        return ROOT + String.join("/", parts);
    }

    @SuppressWarnings("JavaInstantGetSecondsGetNano") // the two fields that the record has
    private static ByteString record(String name, Node node) {
        byte[] bytes = unescaped(name);
        ByteBuffer record = ByteBuffer.allocate(Integer.BYTES + FIXED + 2 * Integer.BYTES + bytes.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(FIXED + 2 * Integer.BYTES + bytes.length)
                .putInt(node.mode())
                .putInt(1)
                .putInt(0)
                .putInt(0)
                .putInt(0)
                .putInt(0)
                .putLong(node.content().size())
                .putLong(node.modified().getEpochSecond())
                .putInt(node.modified().getNano())
                .putInt(bytes.length)
                .put(bytes)
                .putInt(0);
        return ByteString.fromArray(record.array());
    }

    /** Of {@code %xx}, which stands for a byte. */
    private static byte[] unescaped(String name) {
        byte[] escaped = name.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(escaped.length);
        for (int i = 0; i < escaped.length; i++) {
            if (escaped[i] == '%' && i + 2 < escaped.length) {
                bytes.write(Character.digit(escaped[i + 1], 16) << 4 | Character.digit(escaped[i + 2], 16));
                i += 2;
            } else {
                bytes.write(escaped[i]);
            }
        }
        return bytes.toByteArray();
    }
}
