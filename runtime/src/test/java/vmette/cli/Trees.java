package vmette.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What a directory of the host has in it. */
final class Trees {
    private Trees() {}

    /**
     * Says of each file what every change of it changes: its times (the kernel sets {@code ctime}, and nobody can set it back), size, mode and
     * owner.
     */
    static String checksum(Path tree) throws IOException {
        Map<String, String> all = new TreeMap<>();
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Map<String, Object> unix =
                        Files.readAttributes(file, "unix:ctime,mode,uid,gid,ino", LinkOption.NOFOLLOW_LINKS);
                BasicFileAttributes basic =
                        Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                FileTime changed = (FileTime) unix.get("ctime");
                all.put(
                        tree.relativize(file).toString(),
                        changed + " " + unix.get("mode") + " " + unix.get("uid") + " " + unix.get("gid") + " "
                                + unix.get("ino") + " " + basic.size());
            }
        }
        return all.toString();
    }
}
