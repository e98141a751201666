package vmette.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.zip.GZIPOutputStream;

/** Packages laid out as Debian's are, with next to nothing in them; counts how often it was asked. */
final class FakePackages implements GuestPackages {
    static final String RELEASE = "6.1.0-9-cloud-amd64";

    /** What each fetch asked for, in order. */
    final List<Set<AssetKind>> fetches = new ArrayList<>();

    /** Runs in the midst of each fetch, with what is fetched already lying in this directory. */
    Consumer<Path> during = scratch -> {};

    @Override
    public synchronized List<Unpacked> fetch(Set<AssetKind> kinds, Path scratch, Consumer<String> progress) {
        fetches.add(Set.copyOf(kinds));
        progress.accept("fetching " + kinds);
        try {
            List<Unpacked> unpacked = new ArrayList<>();
            for (AssetKind kind : kinds) {
                Path root = Files.createDirectory(scratch.resolve(kind.label()));
                unpacked.add(
                        switch (kind) {
                            case KERNEL -> kernel(root);
                            case BUSYBOX -> busybox(root);
                        });
            }
            during.accept(scratch);
            return unpacked;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Unpacked kernel(Path root) throws IOException {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(payload)) {
            out.write(ElfFiles.vmlinux(true));
        }
        Path boot = Files.createDirectories(root.resolve("boot"));
        Files.write(boot.resolve("vmlinuz-" + RELEASE), ElfFiles.bzImage(RELEASE, payload.toByteArray()));
        Path tree = Files.createDirectories(root.resolve("usr/lib/modules").resolve(RELEASE));
        Files.writeString(tree.resolve("modules.builtin"), "kernel/drivers/virtio/virtio_pci.ko\n");
        Path net = Files.createDirectories(tree.resolve("kernel/net"));
        Files.write(net.resolve("vsock.ko"), ElfFiles.module("", RELEASE));
        Files.write(net.resolve("vmw_vsock_virtio_transport.ko"), ElfFiles.module("vsock", RELEASE));
        Files.write(net.resolve("overlay.ko"), ElfFiles.module("", RELEASE));
        Files.write(net.resolve("unneeded.ko"), ElfFiles.module("", RELEASE));
        return new Unpacked(AssetKind.KERNEL, "6.1.9-1", root);
    }

    private static Unpacked busybox(Path root) throws IOException {
        Path binary = Files.createDirectories(root.resolve("bin")).resolve("busybox");
        Files.writeString(binary, "#!/bin/sh\n[ \"$1\" = --list-full ] && printf 'bin/busybox\\nbin/sh\\n'\n");
        Files.setPosixFilePermissions(binary, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new Unpacked(AssetKind.BUSYBOX, "1:1.35", root);
    }
}
