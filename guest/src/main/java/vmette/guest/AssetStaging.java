package vmette.guest;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Makes an asset's directory out of an unpacked package; what is kept off the warm path. */
final class AssetStaging {
    /** What a guest may need beyond {@link KernelModules#DEFAULT_WANTED}: for disks, shares, images, a network. */
    private static final List<String> KEPT = List.of(
            "virtio_blk",
            "virtio_net",
            "virtio_rng",
            "virtio_balloon",
            "virtiofs",
            "overlay",
            "squashfs",
            "erofs",
            "loop");

    private static final List<String> MODULE_PARENTS = List.of("lib/modules", "usr/lib/modules");
    private static final List<String> BUSYBOXES = List.of("bin/busybox", "usr/bin/busybox");
    private static final Duration LIST = Duration.ofSeconds(20);

    private AssetStaging() {}

    /** Fills the empty directory {@code target} and brings it to the disk. */
    static void stage(GuestPackages.Unpacked unpacked, Path target) throws IOException {
        switch (unpacked.kind()) {
            case KERNEL -> kernel(unpacked.root(), target);
            case BUSYBOX -> busybox(unpacked.root(), target);
        }
        sync(target);
    }

    private static void kernel(Path root, Path target) throws IOException {
        Path image = only(root.resolve("boot"), "vmlinuz-*");
        Path tree = only(existing(root, MODULE_PARENTS), "*");
        Properties manifest = new Properties();
        manifest.setProperty(GuestAsset.KEY_RELEASE, tree.getFileName().toString());
        modules(tree, Files.createDirectory(target.resolve("modules")), manifest);
        GuestAsset.describe(target, uncompress(image, target), manifest);
    }

    /** Gives the name of the kernel's file: the vmlinux when it can be had and booted, else the image as it came. */
    private static String uncompress(Path image, Path target) throws IOException {
        Path vmlinux = target.resolve("vmlinux");
        if (BzImagePayload.uncompress(image, vmlinux) && KernelImage.isBootableVmlinux(vmlinux)) {
            return "vmlinux";
        }
        Files.deleteIfExists(vmlinux);
        Files.copy(image, target.resolve("vmlinuz"));
        return "vmlinuz";
    }

    private static void modules(Path tree, Path target, Properties manifest) throws IOException {
        ModuleDirectory directory = ModuleDirectory.scan(tree);
        KernelModules modules = new KernelModules(directory);
        List<String> wanted = new ArrayList<>(KernelModules.DEFAULT_WANTED);
        KEPT.stream().filter(name -> directory.find(name).isPresent()).forEach(wanted::add);
        Set<String> names = new TreeSet<>();
        for (KernelModule module : modules.resolve(wanted)) {
            Files.write(target.resolve(module.name() + ".ko"), module.content());
            names.add(module.name());
            manifest.setProperty(
                    GuestAsset.KEY_DEPENDS + module.name(),
                    String.join(",", directory.modinfo(module).depends()));
        }
        manifest.setProperty(GuestAsset.KEY_MODULES, String.join(",", names));
        manifest.setProperty(GuestAsset.KEY_BUILT_IN, String.join(",", new TreeSet<>(directory.builtIn())));
    }

    private static void busybox(Path root, Path target) throws IOException {
        Path binary = existing(root, BUSYBOXES);
        ChildProcess list = ChildProcess.run(List.of(binary.toString(), "--list-full"), target, LIST);
        if (list.exit() != 0) {
            throw new IOException("'" + binary + " --list-full' failed: " + ChildProcess.tail(list.errors()));
        }
        Files.copy(binary, target.resolve("busybox"));
        Files.writeString(target.resolve("applets"), list.output());
        GuestAsset.describe(target, "busybox", new Properties());
    }

    private static Path existing(Path root, List<String> candidates) throws IOException {
        for (String candidate : candidates) {
            if (Files.exists(root.resolve(candidate))) {
                return root.resolve(candidate);
            }
        }
        throw new IOException("the package has none of " + candidates);
    }

    private static Path only(Path directory, String glob) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, glob)) {
            Path found = null;
            for (Path file : files) {
                if (found != null) {
                    throw new IOException("the package has two of " + glob + ": " + found + ", " + file);
                }
                found = file;
            }
            if (found == null) {
                throw new IOException("the package has no " + directory.getFileName() + "/" + glob);
            }
            return found;
        }
    }

    private static void sync(Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> tree = Files.walk(directory)) {
            files = tree.toList();
        }
        for (Path file : files) {
            if (Files.isRegularFile(file)) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }
}
