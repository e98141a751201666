package vmette.qemu;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import vmette.errors.Reasons;
import vmette.errors.SaveFailedException;
import vmette.process.ChildProcesses;
import vmette.process.ChildPurpose;
import vmette.process.ChildSpawner;
import vmette.process.Executables;
import vmette.vmm.ConsoleTail;
import vmette.vmm.OutputPump;

/** QEMU's program for images, for the little that the monitor cannot do: it may be missing. */
public final class QemuImg {
    private static final int WORDS = 2000;
    private static final int LINES = 8;

    private QemuImg() {}

    /**
     * Where it is.
     *
     * @throws SaveFailedException if it is nowhere
     */
    public static Path require() {
        return require(Executables.find("qemu-img"));
    }

    static Path require(Optional<Path> found) {
        return found.orElseThrow(() -> new SaveFailedException(
                "the VM has been saved so often that its disk has to be made one file again, which needs the program"
                        + " qemu-img, and that is not on the PATH; on Debian: apt-get install qemu-utils",
                null));
    }

    /**
     * Writes what a chain of images amounts to into one raw image, zeroes left out. Blocks, until it is interrupted; the program ends then, and with this process.
     *
     * @param vm whose they are
     * @param layers the lowest first, written to by nobody
     * @param to an empty file
     * @throws SaveFailedException with the program's words if it fails
     */
    public static void flatten(ChildProcesses children, String vm, List<DiskLayer> layers, Path to) {
        ChildPurpose purpose = new ChildPurpose("qemu-img", vm, Optional.empty());
        try {
            Process process = children.spawn(purpose, command(require(), layers, to), ChildSpawner.NO_INPUT)
                    .toCompletableFuture()
                    .join();
            ConsoleTail words = new ConsoleTail(LINES, WORDS);
            CompletionStage<Void> said = OutputPump.start("qemu-img-" + vm, process.getInputStream(), words)
                    .drained();
            try {
                // This is what an interrupt ends: nothing wakes who reads from a pipe.
                int status = process.waitFor();
                said.toCompletableFuture().join();
                if (status != 0) {
                    throw new IOException(String.join(" / ", words.lines()));
                }
            } finally {
                process.destroyForcibly();
            }
        } catch (CompletionException | IOException e) {
            throw failed(vm, Reasons.of(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(vm, "interrupted", e);
        }
    }

    private static SaveFailedException failed(String vm, String why, Throwable cause) {
        return new SaveFailedException("the disk of VM " + vm + " could not be made one file again: " + why, cause);
    }

    static List<String> command(Path program, List<DiskLayer> layers, Path to) {
        // Every file is told and none of what a header names is opened.
        StringBuilder image = new StringBuilder();
        String prefix = "";
        for (int i = layers.size() - 1; i >= 0; i--) {
            DiskLayer layer = layers.get(i);
            image.append(image.isEmpty() ? "" : ",")
                    .append(prefix)
                    .append("driver=")
                    .append(layer.overlay() ? "qcow2," : "raw,")
                    .append(prefix)
                    .append("file.driver=file,")
                    .append(prefix)
                    .append("file.filename=")
                    .append(QemuCommandLine.escape(layer.file().toString()));
            prefix += "backing.";
        }
        return List.of(program.toString(), "convert", "--image-opts", image.toString(), "-O", "raw", to.toString());
    }
}
