package vmette.guest;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import vmette.errors.VmetteIoException;

/** Writes an initramfs, from the start; what {@link Initramfs} keeps off the warm path. */
final class InitramfsWriter {
    private static final Pattern APPLET = Pattern.compile("(usr/)?s?bin/[^/\\s]+");

    private static final Map<String, Integer> DIRECTORIES = new TreeMap<>(Map.ofEntries(
            Map.entry("bin", 0755),
            Map.entry("dev", 0755),
            Map.entry("etc", 0755),
            Map.entry("home", 0755),
            Map.entry("mnt", 0755),
            Map.entry("proc", 0555),
            Map.entry("root", 0700),
            Map.entry("run", 0755),
            Map.entry("sbin", 0755),
            Map.entry("sys", 0555),
            Map.entry("tmp", 01777),
            Map.entry("usr", 0755),
            Map.entry("usr/bin", 0755),
            Map.entry("usr/sbin", 0755),
            Map.entry("var", 0755),
            Map.entry("var/tmp", 01777)));

    private static final Map<String, String> FILES = new TreeMap<>(Map.of(
            "etc/group", "root:x:0:\ntty:x:5:\nnobody:x:65534:\n",
            "etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost\n",
            "etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
            "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n",
            "etc/shells", "/bin/sh\n"));

    private static final Duration ABANDONED = Duration.ofDays(1);

    private InitramfsWriter() {}

    /** Removes what killed processes have left under such names; none takes a day to write an archive. */
    static void removeAbandoned(Path directory, String glob) throws IOException {
        FileTime limit = FileTime.from(Instant.now().minus(ABANDONED));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, glob)) {
            for (Path file : files) {
                if (isOlder(file, limit)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    private static boolean isOlder(Path file, FileTime limit) throws IOException {
        try {
            return Files.getLastModifiedTime(file).compareTo(limit) < 0;
        } catch (NoSuchFileException finished) {
            // Another thread's or process's archive, which has got its name meanwhile.
            return false;
        }
    }

    /** Writes the archive and brings it to the disk. */
    static void write(Path target, GuestAgent agent, List<KernelModule> modules, Initramfs.Base base)
            throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(target), 1 << 16)) {
            if (base instanceof Initramfs.UserArchive user) {
                long size = Files.copy(user.archive(), out);
                out.write(new byte[(int) (-size & 3)]);
            }
            try (CpioArchive archive = new CpioArchive(out)) {
                if (base instanceof Initramfs.Busybox busybox) {
                    system(archive, busybox);
                }
                agent(archive, agent, modules);
            }
        }
        try (FileChannel channel = FileChannel.open(target, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    private static void agent(CpioArchive archive, GuestAgent agent, List<KernelModule> modules) throws IOException {
        archive.directory("vmette", 0755);
        archive.file("vmette/agent", 0755, agent.executable());
        StringBuilder list = new StringBuilder();
        for (KernelModule module : modules) {
            list.append("/vmette/modules/").append(module.name()).append(".ko\n");
        }
        archive.file("vmette/modules.list", 0644, list.toString().getBytes(StandardCharsets.UTF_8));
        archive.directory("vmette/modules", 0755);
        for (KernelModule module : modules) {
            archive.file("vmette/modules/" + module.name() + ".ko", 0644, module.content());
        }
    }

    private static void system(CpioArchive archive, Initramfs.Busybox busybox) throws IOException {
        for (Map.Entry<String, Integer> directory : DIRECTORIES.entrySet()) {
            archive.directory(directory.getKey(), directory.getValue());
        }
        // the kernel opens it as descriptors 0 to 2 of PID 1, before anything can have mounted /dev
        archive.characterDevice("dev/console", 0600, 5, 1);
        for (Map.Entry<String, String> file : FILES.entrySet()) {
            archive.file(file.getKey(), 0644, file.getValue().getBytes(StandardCharsets.UTF_8));
        }
        archive.file("etc/shadow", 0600, "root:*:::::::\nnobody:*:::::::\n".getBytes(StandardCharsets.UTF_8));
        archive.file("bin/busybox", 0755, Files.readAllBytes(busybox.binary()));
        for (String applet : applets(busybox.applets())) {
            archive.symbolicLink(applet, "/bin/busybox");
        }
    }

    private static Iterable<String> applets(Path list) throws IOException {
        TreeSet<String> applets = new TreeSet<>();
        for (String line : Files.readAllLines(list)) {
            if (APPLET.matcher(line).matches() && !line.equals("bin/busybox")) {
                applets.add(line);
            }
        }
        if (!applets.contains("bin/sh")) {
            throw new VmetteIoException("the busybox whose applets " + list + " lists has no shell: delete "
                    + list.getParent() + " to have it fetched again");
        }
        return applets;
    }
}
