package vmette.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import vmette.control.ControlCall;
import vmette.control.Facts;
import vmette.control.Runtimes;
import vmette.errors.VmetteException;

/**
 * What all runtimes tell of their VMs, asked at once and within bounded time.
 *
 * @param vms of those that answered
 * @param of which runtime told what, as the list has it
 * @param silent the processes of those that did not
 */
record Survey(List<Facts> vms, List<Runtimes.Peer> of, List<String> silent) {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

    static Survey of(List<Runtimes.Peer> runtimes) {
        Map<Runtimes.Peer, CompletableFuture<List<Facts>>> asked = new LinkedHashMap<>();
        runtimes.forEach(runtime -> asked.put(runtime, ask(runtime)));
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        List<Facts> vms = new ArrayList<>();
        List<Runtimes.Peer> of = new ArrayList<>();
        List<String> silent = new ArrayList<>();
        asked.forEach((runtime, answer) -> {
            try {
                List<Facts> told = answer.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
                vms.addAll(told);
                of.addAll(Collections.nCopies(told.size(), runtime));
            } catch (TimeoutException e) {
                silent.add(runtime.pid());
            } catch (ExecutionException e) {
                // One that has just ended has no VMs.
                if (!(e.getCause() instanceof VmetteException)) {
                    throw new IllegalStateException(e.getCause());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        return new Survey(vms, of, silent);
    }

    /** The one whose fleet has a VM, running or not, or a group of this name. */
    Optional<Runtimes.Peer> member(String name) {
        for (int i = 0; i < vms.size(); i++) {
            Facts vm = vms.get(i);
            boolean named = vm.text("name").equals(name) || vm.text("group").equals(name);
            if (named && vm.get("fleet").isPresent()) {
                return Optional.of(of.get(i));
            }
        }
        return Optional.empty();
    }

    private static CompletableFuture<List<Facts>> ask(Runtimes.Peer runtime) {
        CompletableFuture<List<Facts>> answer = new CompletableFuture<>();
        Thread asker = new Thread(
                () -> {
                    try (ControlCall call = new ControlCall(runtime, "ps", "")) {
                        answer.complete(call.all());
                    } catch (RuntimeException e) {
                        answer.completeExceptionally(e);
                    }
                },
                "vmette-ps");
        asker.setDaemon(true);
        asker.start();
        return answer;
    }
}
