package vmette.rootfs.providers;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Layers made up from a fuzzer's bytes: entries that try one another's names, or blocks as they come with checksums put right. */
final class LayerDice {
    private static final List<EntryKind> KINDS = List.of(EntryKind.values());
    private static final String[] WORDS = {
        "a",
        "b",
        "c",
        "d",
        ".wh.",
        ".wh.a",
        ".wh.b",
        ".wh..wh..opq",
        "..",
        ".",
        "",
        "/",
        "n".repeat(120),
        "\374",
        "a/b",
        "\0"
    };
    private static final String[] RECORDS = {
        "9 path=a\n",
        "9 path=b\n",
        "13 linkpath=a\n",
        "9 size=5\n",
        "12 mtime=-1\n",
        "25 SCHILY.xattr.user.a=bcd\n",
        "x",
        "12 uid=99999\n"
    };

    private final byte[] bytes;
    private int at;

    private LayerDice(byte[] bytes) {
        this.bytes = bytes;
    }

    /** At most three. */
    static List<byte[]> layers(byte[] bytes) {
        return new LayerDice(bytes).make();
    }

    private List<byte[]> make() {
        int how = roll();
        if (how % 4 == 0) {
            return List.of(mended(Arrays.copyOfRange(bytes, Math.min(1, bytes.length), bytes.length)));
        }
        List<byte[]> layers = new ArrayList<>();
        while (layers.size() < 3 && (layers.isEmpty() || at < bytes.length)) {
            layers.add(layer());
        }
        return layers;
    }

    private byte[] layer() {
        Tar tar = new Tar();
        for (int left = roll() % 20; left > 0 && at < bytes.length; left--) {
            entry(tar);
        }
        return tar.bytes();
    }

    private void entry(Tar tar) {
        int kind = roll();
        if (kind > 240) {
            byte[] record =
                    new Tar().file("pax", RECORDS[kind % RECORDS.length]).open();
            tar.raw(Tar.patched(record, 0, 156, "x".getBytes(StandardCharsets.ISO_8859_1)));
        }
        EntryKind chosen = KINDS.get(kind % KINDS.size());
        String content = chosen == EntryKind.FILE ? "#".repeat(roll() * 5) : "";
        boolean leads = chosen == EntryKind.HARD_LINK || chosen == EntryKind.SYMBOLIC_LINK;
        tar.add(Tar.entry(name(), chosen, roll() * 16, content.length(), leads ? name() : "", Map.of()), content);
    }

    private String name() {
        StringBuilder name = new StringBuilder();
        for (int left = roll() % 4; left >= 0; left--) {
            name.append(WORDS[roll() % WORDS.length]).append(left > 0 ? "/" : "");
        }
        return name.toString();
    }

    private int roll() {
        return at < bytes.length ? bytes[at++] & 0xff : 0;
    }

    /** A fuzzer does not find checksums by itself. */
    private static byte[] mended(byte[] archive) {
        byte[] mended = archive;
        for (int block = 0; block + TarHeader.BLOCK <= mended.length; block += TarHeader.BLOCK) {
            if (mended[block + 257] == 'u') {
                mended = Tar.patched(mended, block, 257, new byte[] {'u'});
            }
        }
        return mended;
    }
}
