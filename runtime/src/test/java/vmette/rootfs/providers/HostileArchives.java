package vmette.rootfs.providers;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Archives that nobody should make, and what has to become of each. */
final class HostileArchives {
    /** The most that any of them may be unpacked. */
    static final long MOST = 1 << 20;

    private static final int OWNER = 108;
    private static final int SIZE = 124;
    private static final int TYPE = 156;

    private final List<Case> cases = new ArrayList<>();
    private final String outside;

    /**
     * @param refusal part of the message; empty: it becomes an image
     * @param names what is then in it
     */
    record Case(String title, List<byte[]> layers, String refusal, Set<String> names) {
        @Override
        public String toString() {
            return title + (refusal.isEmpty() ? ": contained" : ": refused");
        }
    }

    private HostileArchives(String outside) {
        this.outside = outside;
    }

    /** @param outside a file of this host that must stay as it is */
    static List<Case> all(String outside) {
        HostileArchives archives = new HostileArchives(outside);
        archives.names();
        archives.links();
        archives.headers();
        archives.sizes();
        archives.extendedHeaders();
        archives.compression();
        archives.contained();
        return archives.cases;
    }

    private void names() {
        refuse("a name that leads upwards", new Tar().file("../../../../../../" + outside, "evil"), "leads upwards");
        refuse("a name that leads upwards in the middle", new Tar().file("a/../../b", ""), "leads upwards");
        refuse("an absolute name that leads upwards", new Tar().file("/../etc/passwd", ""), "leads upwards");
        refuse("a directory that leads upwards", new Tar().directory("..", 0777), "leads upwards");
        refuse("a whiteout that leads upwards", new Tar().file("../.wh.etc", ""), "leads upwards");
        refuse("no name", new Tar().file("", ""), "without a name");
        refuse("a name that is too long", new Tar().file("a/".repeat(2048) + "b", ""), "4097 bytes");
        refuse("a component that is too long", new Tar().file("a".repeat(256), ""), "255 bytes");
        refuse("a name with a zero byte", new Tar().raw(pax("path=a\0b")).file("x", ""), "zero byte");
        refuse("a root that is a file", new Tar().file("./", "evil"), "root that is no directory");
        refuse("a root that is a link", new Tar().symlink("/", outside), "root that is no directory");
        refuse("a name through a file", new Tar().file("a", "").file("a/b", ""), "'a', which is no directory");
        refuse(
                "a name through a device",
                new Tar()
                        .add(Tar.entry("a", EntryKind.CHARACTER_DEVICE, 0666, 0, "", Map.of()), "")
                        .file("a/b", ""),
                "'a', which is no directory");
        refuse(
                "a name through links in a circle",
                new Tar().symlink("a", "b").symlink("b", "a").file("a/x", ""),
                "circle");
        refuse("a name through a link to itself", new Tar().symlink("a", "a").file("a/x", ""), "circle");
        Tar deep = new Tar().directory("d", 0755).symlink("l0", "d");
        for (int i = 1; i < 20; i++) {
            deep.symlink("l" + i, "l" + (i - 1) + "/" + "n".repeat(240)).file("l" + i + "/f", "");
        }
        refuse("links that make a name too long", deep, "longer than 4095");
        refuse("a whiteout of nothing", new Tar().file("d/.wh.", ""), "whiteout of no file");
        refuse("a whiteout of the parent", new Tar().file("d/.wh...", ""), "whiteout of no file");
        refuse("a whiteout of the directory itself", new Tar().file("d/.wh..", ""), "whiteout of no file");
    }

    private void links() {
        refuse("a hard link to the host", new Tar().hardLink("a", outside), "not there");
        refuse("a hard link upwards", new Tar().hardLink("a", "../../etc/shadow"), "leads upwards");
        refuse("a hard link to what comes later", new Tar().hardLink("a", "b").file("b", ""), "not there");
        refuse("a hard link to a directory", new Tar().directory("d", 0755).hardLink("a", "d"), "a directory");
        refuse("a hard link to the root", new Tar().hardLink("a", "/"), "a directory");
        refuse("a hard link to nothing", new Tar().hardLink("a", ""), "a directory");
        refuse("a hard link to itself", new Tar().hardLink("a", "a"), "not there");
        refuse(
                "a hard link through a link to the host",
                new Tar().symlink("l", "/").hardLink("a", "l" + outside),
                "not there");
        refuse("a symbolic link to nothing", new Tar().symlink("a", ""), "can be no path");
        refuse("a symbolic link that is too long", new Tar().symlink("a", "x".repeat(4096)), "can be no path");
        refuse(
                "a symbolic link with a zero byte",
                new Tar().raw(pax("linkpath=a\0b")).symlink("a", "b"),
                "can be no path");
    }

    private void headers() {
        byte[] good = new Tar().file("a", "content").bytes();
        refuse(
                "no archive but text",
                raw("this is no archive at all, not even a damaged one\n".repeat(30)),
                "checksum");
        refuse("no archive but a program", raw("\177ELF" + "\1".repeat(2000)), "checksum");
        refuse("a wrong checksum", changed(good, 0, (byte) 'b'), "checksum");
        refuse("an end within a header", Arrays.copyOf(good, 300), "in the middle of a header");
        refuse("an end within a file", Arrays.copyOf(good, 515), "in the middle of a file");
        refuse("an end within the padding", Arrays.copyOf(good, 600), "in the middle of a file");
        refuse("an unknown type", Tar.patched(good, 0, TYPE, bytes("V")), "unknown type V");
        refuse("a volume of several", Tar.patched(good, 0, TYPE, bytes("M")), "unknown type M");
        refuse("a type that is no character", Tar.patched(good, 0, TYPE, bytes("\33")), "unknown type ?");
        refuse("a sparse file", Tar.patched(good, 0, TYPE, bytes("S")), "sparse");
        refuse("a negative owner", Tar.patched(good, 0, OWNER, bytes("\377".repeat(8))), "owner -1");
        refuse("an owner beyond Linux", new Tar().raw(pax("uid=4294967295")).file("a", ""), "owner 4294967295");
        refuse("a device beyond Linux", device("\200\0\0\0\0\20\0\0"), "device number");
        refuse("a mode that is no number", Tar.patched(good, 0, 100, bytes("rwxr-xr")), "no number");
    }

    private void sizes() {
        byte[] good = new Tar().file("a", "content").bytes();
        refuse("a negative size", Tar.patched(good, 0, SIZE, bytes("\377".repeat(12))), "-1 bytes");
        refuse("a size beyond 64 bits", Tar.patched(good, 0, SIZE, bytes("\277" + "\377".repeat(11))), "64 bits");
        refuse("a size that is no number", Tar.patched(good, 0, SIZE, bytes("12345678901")), "no number");
        refuse("a size beyond the limit", Tar.patched(good, 0, SIZE, bytes("77777777777")), "1048576 are allowed");
        refuse("a size that is a lie", Tar.patched(good, 0, SIZE, bytes("00000777777")), "in the middle of a file");
        refuse(
                "a negative size in an extended header",
                new Tar().raw(pax("size=-5")).file("a", ""),
                "-5 bytes");
        refuse("more than the limit in many files", many(), "most that is allowed");
        cases.add(new Case(
                "more than the limit in many layers",
                List.of(content(600_000), content(600_000)),
                "most that is allowed",
                Set.of()));
        refuse("more than the limit after the end", with(good, new byte[(int) MOST]), "most that is allowed");
    }

    private void extendedHeaders() {
        refuse("an extended header that is too long", header('x', 2 << 20), "to say of one file");
        refuse("a long name that is too long", header('L', 2 << 20), "to say of one file");
        refuse("endless extended headers", endless(), "most that is allowed");
        refuse(
                "a negative extended header",
                Tar.patched(header('x', 0), 0, SIZE, bytes("\377".repeat(12))),
                "to say of one file");
        refuse(
                "a record whose length is a lie",
                new Tar().raw(block('x', "99 path=a\n")).file("a", ""),
                "damaged");
        refuse("a record of no length", new Tar().raw(block('x', "0 path=a\n")).file("a", ""), "damaged");
        refuse(
                "a record of endless length",
                new Tar().raw(block('x', "9".repeat(40) + " a=b\n")).file("a", ""),
                "damaged");
        refuse(
                "a record without an end",
                new Tar().raw(block('x', "9 path=abc")).file("a", ""),
                "damaged");
        refuse("a record without a key", new Tar().raw(block('x', "6 abc\n")).file("a", ""), "without a key");
        refuse("an extended header of nothing", header('x', 0), "before the file");
        refuse(
                "a sparse file of the newer kind",
                new Tar().raw(pax("GNU.sparse.major=1")).file("a", ""),
                "sparse");
        refuse("a time that is no number", new Tar().raw(pax("mtime=1e9")).file("a", ""), "no number");
        refuse(
                "an attribute with too long a name",
                new Tar()
                        .raw(pax("SCHILY.xattr.user." + "a".repeat(300) + "=1"))
                        .file("a", ""),
                "extended attribute");
        refuse(
                "an attribute with too long a value",
                new Tar().raw(pax("SCHILY.xattr.user.a=" + "1".repeat(70_000))).file("a", ""),
                "extended attribute");
    }

    private void compression() {
        byte[] good = new Tar().file("a", "content").bytes();
        byte[] bomb = content(50 << 20);
        refuse("a gzip bomb", Tar.gzip(bomb), "1048576 are allowed");
        refuse("a zstd bomb", Zstd.compress(bomb), "1048576 are allowed");
        refuse("a gzip bomb of zeroes", Tar.gzip(new byte[50 << 20]), "most that is allowed");
        refuse("a bomb within a bomb", Tar.gzip(Tar.gzip(bomb)), "checksum");
        refuse("gzip that is cut off", cut(Tar.gzip(good)), "cut off");
        refuse("gzip with a wrong checksum", changed(Tar.gzip(good), Tar.gzip(good).length - 6, (byte) 1), "damaged");
        refuse("gzip that is noise", with(bytes("\37\213\10\0"), noise()), "damaged");
        refuse("zstd that is cut off", cut(Zstd.compress(good)), "cut off");
        refuse("zstd that is noise", with(bytes("\50\265\57\375"), noise()), "damaged");
        refuse("zstd with a window of 2 GiB", with(bytes("\50\265\57\375\0\250"), new byte[64]), "damaged");
        refuse("xz", raw("\3757zXZ\0\0\4"), "compressed with xz");
        refuse("bzip2", raw("BZh91AY&SY"), "compressed with bzip2");
        refuse("zip", raw("PK\3\4\24\0\0\0"), "compressed with zip");
    }

    private void contained() {
        contain("an absolute name", new Tar().file(outside, "evil"), parents(outside));
        contain("dots and slashes", new Tar().file(".//.///a/./b", ""), "a", "a/b");
        contain("a symbolic link to the host", new Tar().symlink("a", outside), "a");
        contain(
                "a name through a link to the host's root",
                new Tar().symlink("a", "/").file("a/b", ""),
                "a",
                "b");
        contain(
                "a name through a link upwards",
                new Tar().symlink("a", "../../../..").file("a/b/c", ""),
                "a",
                "b",
                "b/c");
        contain("a file in the place of a link", new Tar().symlink("a", outside).file("a", "evil"), "a");
        contain(
                "a file of a link's name twice",
                new Tar().symlink("a", "b").file("a", "1").file("a", "2"),
                "a");
        contain(
                "a file in the place of a full directory",
                new Tar().file("d/e/f", "").file("d", ""),
                "d");
        contain(
                "a directory in the place of a file",
                new Tar().file("d", "").directory("d", 0755).file("d/e", ""),
                "d",
                "d/e");
        contain(
                "a directory in the place of a link",
                new Tar().symlink("d", "e").directory("d", 0755).file("d/f", ""),
                "d",
                "d/f");
        contain("devices", raw(device("0000001\0")), "a");
        contain("a FIFO", new Tar().add(Tar.entry("a", EntryKind.FIFO, 0666, 0, "", Map.of()), ""), "a");
        contain(
                "a file that is setuid",
                new Tar().add(Tar.entry("a", EntryKind.FILE, 06777, 0, "", Map.of()), ""),
                "a");
        contain("names that are options", new Tar().file("-force", "").file("--help", ""), "-force", "--help");
        contain(
                "names that are no text",
                new Tar().file("\1\n\33[2J\377", "").file("%s%n", ""),
                "\1\n\33[2J\377",
                "%s%n");
        contain("a link to a link's own name", new Tar().file("a", "").hardLink("a", "a"), "a");
        contain(
                "whiteouts of nothing",
                new Tar()
                        .file(".wh.a", "")
                        .file("b/.wh.c", "")
                        .file(".wh..wh..opq", "")
                        .file("d", ""),
                "d");
        contain(
                "notes of aufs",
                new Tar()
                        .file(".wh..wh.aufs", "")
                        .directory(".wh..wh.plnk", 0700)
                        .file("a", ""),
                "a");
        contain("nothing", new byte[0]);
        contain("only the end", new byte[1024]);
        contain("no end", new Tar().file("a", "").open(), "a");
        contain("garbage after the end", with(new Tar().file("a", "").bytes(), noise()), "a");
        contain("garbage after gzip", with(Tar.gzip(new Tar().file("a", "").bytes()), noise()), "a");
        contain(
                "several members of gzip",
                with(
                        Tar.gzip(new Tar().file("a", "").open()),
                        Tar.gzip(new Tar().file("b", "").bytes())),
                "a",
                "b");
        contain(
                "a header for all files",
                new Tar().raw(block('g', "15 path=../evil\n")).file("a", ""),
                "a");
        contain(
                "times beyond the format",
                new Tar()
                        .raw(pax("mtime=-99999999999"))
                        .file("a", "")
                        .raw(pax("mtime=99999999999.5"))
                        .file("b", ""),
                "a",
                "b");
        contain(
                "a hard link with content of its own",
                Tar.patched(new Tar().file("a", "").hardLink("b", "a").bytes(), 512, SIZE, bytes("00000001000")),
                "a",
                "b");
        contain(
                "overlayfs' own attributes",
                new Tar().raw(pax("SCHILY.xattr.trusted.overlay.redirect=/etc")).file("a", ""),
                "a");
    }

    private static byte[] many() {
        Tar tar = new Tar();
        for (int i = 0; i < 2100; i++) {
            tar.file("f" + i, "");
        }
        return tar.bytes();
    }

    private static byte[] content(int length) {
        return new Tar().file("a", "\0".repeat(length)).bytes();
    }

    private static byte[] device(String major) {
        byte[] archive = new Tar()
                .add(Tar.entry("a", EntryKind.BLOCK_DEVICE, 0660, 0, "", Map.of()), "")
                .bytes();
        return Tar.patched(archive, 0, 329, bytes(major));
    }

    /** For one file. */
    static byte[] endless() {
        Tar tar = new Tar();
        for (int i = 0; i < 2100; i++) {
            tar.raw(block('x', "8 a=" + (char) ('a' + i % 26) + "bc\n"));
        }
        return tar.file("a", "").bytes();
    }

    private static byte[] header(char type, int size) {
        byte[] archive = new Tar().file("pax", "").open();
        archive = Tar.patched(archive, 0, TYPE, bytes(String.valueOf(type)));
        return Tar.patched(archive, 0, SIZE, bytes(String.format("%011o", size)));
    }

    private static byte[] block(char type, String text) {
        byte[] archive = new Tar().file("pax", text).open();
        return Tar.patched(archive, 0, TYPE, bytes(String.valueOf(type)));
    }

    private static byte[] pax(String record) {
        int length = record.length() + 3;
        while ((length + " " + record + "\n").length() != length) {
            length = (length + " " + record + "\n").length();
        }
        return block('x', length + " " + record + "\n");
    }

    private static byte[] noise() {
        byte[] noise = new byte[3000];
        new Random(1).nextBytes(noise);
        return noise;
    }

    private static byte[] changed(byte[] archive, int at, byte to) {
        byte[] changed = archive.clone();
        changed[at] ^= to;
        return changed;
    }

    private static byte[] cut(byte[] archive) {
        return Arrays.copyOf(archive, archive.length - 12);
    }

    private static byte[] with(byte[] archive, byte[] more) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(archive);
        both.writeBytes(more);
        return both.toByteArray();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] raw(String text) {
        return bytes(text);
    }

    private static byte[] raw(byte[] archive) {
        return archive;
    }

    private static String[] parents(String path) {
        List<String> parents = new ArrayList<>();
        for (int slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
            parents.add(path.substring(1, slash));
        }
        parents.add(path.substring(1));
        return parents.toArray(String[]::new);
    }

    private void refuse(String title, Tar tar, String refusal) {
        refuse(title, tar.bytes(), refusal);
    }

    private void refuse(String title, byte[] archive, String refusal) {
        cases.add(new Case(title, List.of(archive), refusal, Set.of()));
    }

    private void contain(String title, Tar tar, String... names) {
        contain(title, tar.bytes(), names);
    }

    private void contain(String title, byte[] archive, String... names) {
        cases.add(new Case(title, List.of(archive), "", Set.of(names)));
    }
}
