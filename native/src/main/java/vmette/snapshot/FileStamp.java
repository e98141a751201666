package vmette.snapshot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;

/** By what a file is known to be the one that it was: another inode, size, or time of its content or of its inode is another file. */
record FileStamp(Object device, Object inode, Object size, Object modified, Object changed) {
    static FileStamp of(Path file) throws IOException {
        Map<String, Object> now =
                Files.readAttributes(file, "unix:dev,ino,size,lastModifiedTime,ctime", LinkOption.NOFOLLOW_LINKS);
        return new FileStamp(
                now.get("dev"), now.get("ino"), now.get("size"), now.get("lastModifiedTime"), now.get("ctime"));
    }
}
