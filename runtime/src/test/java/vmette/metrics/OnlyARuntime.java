package vmette.metrics;

import vmette.Vmette;
import vmette.config.VmSpec;

/** A program with a runtime and a VM that is not to boot. */
final class OnlyARuntime {
    private OnlyARuntime() {}

    public static void main(String[] arguments) {
        try (Vmette vmette = Vmette.create()) {
            vmette.launch(VmSpec.builder().build(), vm -> {
                        throw new IllegalStateException("no ports");
                    })
                    .handle((vm, failure) -> failure)
                    .toCompletableFuture()
                    .join();
            System.out.println("VMs: " + vmette.vms().size() + " " + vmette.metricsPort());
        }
    }
}
