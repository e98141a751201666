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
 * What runtimes tell, asked at once and within bounded time.
 *
 * @param told by those that answered
 * @param of which runtime told what, as the list has it
 * @param silent the processes of those that did not
 */
record Survey(List<Facts> told, List<Runtimes.Peer> of, List<String> silent) {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** Of their VMs. */
    static Survey of(List<Runtimes.Peer> runtimes) {
        return of(runtimes, "ps", "");
    }

    /** Of what {@link ControlCall} takes. */
    static Survey of(List<Runtimes.Peer> runtimes, String operation, String subject, String... words) {
        Map<Runtimes.Peer, CompletableFuture<List<Facts>>> asked = new LinkedHashMap<>();
        runtimes.forEach(runtime -> asked.put(runtime, ask(runtime, operation, subject, words)));
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        List<Facts> all = new ArrayList<>();
        List<Runtimes.Peer> of = new ArrayList<>();
        List<String> silent = new ArrayList<>();
        asked.forEach((runtime, answer) -> {
            try {
                List<Facts> told = answer.get(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
                all.addAll(told);
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
        return new Survey(all, of, silent);
    }

    /** The one whose fleet has a VM, running or not, or a group of this name. */
    Optional<Runtimes.Peer> member(String name) {
        for (int i = 0; i < told.size(); i++) {
            Facts vm = told.get(i);
            boolean named = vm.text("name").equals(name) || vm.text("group").equals(name);
            if (named && vm.get("fleet").isPresent()) {
                return Optional.of(of.get(i));
            }
        }
        return Optional.empty();
    }

    /** Says who has not answered, if anybody; whether all have. */
    boolean isComplete(CommonOptions common) {
        if (!silent.isEmpty()) {
            common.say("the runtime of process " + String.join(", ", silent)
                    + " does not answer: it may be stopped, or its machine overloaded");
        }
        return silent.isEmpty();
    }

    private static CompletableFuture<List<Facts>> ask(
            Runtimes.Peer runtime, String operation, String subject, String... words) {
        CompletableFuture<List<Facts>> answer = new CompletableFuture<>();
        Thread asker = new Thread(
                () -> {
                    try (ControlCall call = new ControlCall(runtime, operation, subject, words)) {
                        answer.complete(call.all());
                    } catch (RuntimeException e) {
                        answer.completeExceptionally(e);
                    }
                },
                "vmette-survey");
        asker.setDaemon(true);
        asker.start();
        return answer;
    }
}
