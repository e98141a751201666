package vmette.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import vmette.errors.InvalidConfigException;
import vmette.errors.SaveFailedException;

class QemuDevicesTest {
    private static QemuLaunch launch(List<BlockDisk> disks, List<SharedDirectory> shares) {
        return new QemuLaunch(
                "m", new BootSource.Firmware(), 1, 64, Path.of("/d"), false, new NetworkCard.None(), disks, shares);
    }

    private static List<String> line(List<BlockDisk> disks, List<SharedDirectory> shares) {
        return QemuCommandLine.of(Path.of("/q"), Accelerator.TCG, launch(disks, shares));
    }

    @Test
    void disksComeInTheirOrderAndSharesAfterThem() {
        List<String> line = line(
                List.of(
                        new BlockDisk(Path.of("/a,b"), false, "", false, false),
                        new BlockDisk(Path.of("/dev/loop0"), true, "vmette-root", true, false),
                        new BlockDisk(Path.of("/s"), false, "vmette-scratch", false, true)),
                List.of(new SharedDirectory("work", Path.of("/d/fs,0"))));
        assertThat(line)
                .containsSubsequence(
                        "driver=file,node-name=disk6-file,filename=/a,,b,read-only=off",
                        "driver=raw,node-name=disk6,file=disk6-file,read-only=off",
                        "virtio-blk-pci,drive=disk6,id=disk6,werror=report,rerror=report,bus=pci.0,addr=6",
                        "driver=host_device,node-name=disk7-file,filename=/dev/loop0,read-only=on,drop-cache=off",
                        "driver=raw,node-name=disk7,file=disk7-file,read-only=on",
                        "virtio-blk-pci,drive=disk7,id=disk7,werror=report,rerror=report,serial=vmette-root,bus=pci.0,addr=7",
                        "driver=file,node-name=disk8-file,filename=/s,read-only=off,drop-cache=off,cache.no-flush=on,discard=unmap",
                        "driver=raw,node-name=disk8,file=disk8-file,read-only=off,discard=unmap",
                        "virtio-blk-pci,drive=disk8,id=disk8,werror=report,rerror=report,serial=vmette-scratch,bus=pci.0,addr=8",
                        "socket,id=fs9,path=/d/fs,,0",
                        "vhost-user-fs-pci,chardev=fs9,tag=work,bus=pci.0,addr=9");
    }

    private static BlockDisk overlaid() {
        return new BlockDisk(
                Path.of("/o,p"),
                false,
                "vmette-scratch",
                false,
                true,
                new DiskContent.Overlay(
                        List.of(new DiskLayer(Path.of("/b,0"), false), new DiskLayer(Path.of("/b1"), true))));
    }

    @Test
    void everyLayerIsToldAndNoneWrittenTo() {
        assertThat(line(List.of(overlaid()), List.of()))
                .containsSubsequence(
                        "driver=file,node-name=disk6-0-file,filename=/b,,0,read-only=on,drop-cache=off",
                        "driver=raw,node-name=disk6-0,file=disk6-0-file,read-only=on",
                        "driver=file,node-name=disk6-1-file,filename=/b1,read-only=on,drop-cache=off",
                        "driver=qcow2,backing=disk6-0,node-name=disk6-1,file=disk6-1-file,read-only=on",
                        "driver=file,node-name=disk6-file,filename=/o,,p,read-only=off,drop-cache=off,cache.no-flush=on,discard=unmap",
                        "driver=qcow2,backing=disk6-1,node-name=disk6,file=disk6-file,read-only=off,discard=unmap",
                        "virtio-blk-pci,drive=disk6,id=disk6,werror=report,rerror=report,serial=vmette-scratch,bus=pci.0,addr=6");
    }

    @Test
    void layersThatAreNoChainAreRefused() {
        DiskLayer raw = new DiskLayer(Path.of("/b"), false);
        DiskLayer overlay = new DiskLayer(Path.of("/o"), true);
        for (List<DiskLayer> layers : List.of(List.<DiskLayer>of(), List.of(overlay), List.of(raw, raw))) {
            assertThatThrownBy(() -> new DiskContent.Overlay(layers)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new DiskLayer(Path.of("b"), false)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aChainIsFlattenedByWhatIsToldOfIt() {
        List<DiskLayer> layers = List.of(
                new DiskLayer(Path.of("/b,0"), false),
                new DiskLayer(Path.of("/b1"), true),
                new DiskLayer(Path.of("/b2"), true));
        assertThat(QemuImg.command(Path.of("/qemu-img"), layers, Path.of("/to")))
                .containsExactly(
                        "/qemu-img",
                        "convert",
                        "--image-opts",
                        "driver=qcow2,file.driver=file,file.filename=/b2,"
                                + "backing.driver=qcow2,backing.file.driver=file,backing.file.filename=/b1,"
                                + "backing.backing.driver=raw,backing.backing.file.driver=file,backing.backing.file.filename=/b,,0",
                        "-O",
                        "raw",
                        "/to");
        assertThatThrownBy(() -> QemuImg.require(Optional.empty()))
                .isInstanceOf(SaveFailedException.class)
                .hasMessageContaining("apt-get install qemu-utils");
    }

    @Test
    void aVmThatOnlyPassesThroughOpensNothingOfTheVmThatRuns() {
        List<BlockDisk> disks = List.of(
                new BlockDisk(Path.of("/a"), false, "", false, false),
                new BlockDisk(Path.of("/b"), false, "root", true, false));
        List<String> line = QemuCommandLine.of(
                Path.of("/q"),
                Accelerator.TCG,
                new QemuLaunch(
                        "m",
                        new BootSource.Incoming(Path.of("/d/whole.sock")),
                        1,
                        64,
                        Path.of("/d"),
                        false,
                        new NetworkCard.Stream(Path.of("/d/net.sock")),
                        disks,
                        List.of()));
        assertThat(line)
                .containsSubsequence(
                        "-incoming",
                        "defer",
                        "-netdev",
                        "hubport,id=net0,hubid=0",
                        "virtio-net-pci,netdev=net0,romfile=,bus=pci.0,addr=4",
                        "driver=null-co,node-name=disk6,read-only=off",
                        "virtio-blk-pci,drive=disk6,id=disk6,werror=report,rerror=report,bus=pci.0,addr=6",
                        "driver=null-co,node-name=disk7,read-only=on",
                        "virtio-blk-pci,drive=disk7,id=disk7,werror=report,rerror=report,serial=root,bus=pci.0,addr=7");
        assertThat(String.join(" ", line)).doesNotContain("/a", "/b", "net.sock", "vhost.sock");
    }

    @Test
    void theBusIsFullAtItsLastPlace() {
        BlockDisk disk = new BlockDisk(Path.of("/a"), false, "", false, false);
        assertThat(line(Collections.nCopies(26, disk), List.of()))
                .contains("virtio-blk-pci,drive=disk31,id=disk31,werror=report,rerror=report,bus=pci.0,addr=1f");
        assertThatThrownBy(() -> launch(Collections.nCopies(27, disk), List.of()))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining("at most 26");
    }

    @Test
    void aNetworkCardIsThereOnlyIfItIsAskedFor() {
        assertThat(line(List.of(), List.of())).doesNotContain("-netdev");
        assertThat(withNetwork(new NetworkCard.Stream(Path.of("/d/net,sock"))))
                .containsSubsequence(
                        "stream,id=net0,server=off,addr.type=unix,addr.path=/d/net,,sock",
                        "virtio-net-pci,netdev=net0,romfile=,bus=pci.0,addr=4");
        assertThat(withNetwork(new NetworkCard.Slirp())).contains("user,id=net0,ipv6=off");
    }

    private static List<String> withNetwork(NetworkCard card) {
        return QemuCommandLine.of(
                Path.of("/q"),
                Accelerator.TCG,
                new QemuLaunch(
                        "m", new BootSource.Firmware(), 1, 64, Path.of("/d"), false, card, List.of(), List.of()));
    }

    @Test
    void aSerialIsShortAndPlain() {
        Path image = Path.of("/a");
        assertThatThrownBy(() -> new BlockDisk(image, false, "a".repeat(21), false, false))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new BlockDisk(image, false, "a,b", false, false))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
