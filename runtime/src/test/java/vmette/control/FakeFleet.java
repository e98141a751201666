package vmette.control;

import akka.Done;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;

/** A fleet that a test plays. */
final class FakeFleet implements ControlledFleet {
    final List<Facts> members = new ArrayList<>();
    final BlockingQueue<String> planned = new LinkedBlockingQueue<>();
    final BlockingQueue<String> applied = new LinkedBlockingQueue<>();
    final CompletableFuture<Done> changed = new CompletableFuture<>();
    final CompletableFuture<Done> restarted = new CompletableFuture<>();
    Optional<RuntimeException> refusal = Optional.empty();

    @Override
    public String name() {
        return "shop";
    }

    @Override
    public Path file() {
        return Path.of("/etc/shop.conf");
    }

    @Override
    public List<Facts> members() {
        return members;
    }

    @Override
    public Change plan(String configuration) {
        planned.add(configuration);
        if (refusal.isPresent()) {
            throw refusal.get();
        }
        return new Change() {
            @Override
            public List<Facts> steps() {
                return List.of(Facts.of("step", "start", "vm", "web"));
            }

            @Override
            public boolean isEmpty() {
                return false;
            }

            @Override
            public CompletionStage<Done> apply() {
                applied.add("change");
                return changed;
            }
        };
    }

    @Override
    public Optional<CompletionStage<?>> restart(String name) {
        return restarted.isDone() ? Optional.of(restarted) : Optional.empty();
    }

    @Override
    public CompletionStage<Done> down() {
        applied.add("down");
        return changed;
    }
}
