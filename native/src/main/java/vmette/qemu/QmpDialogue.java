package vmette.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import vmette.errors.OperationTimeoutException;
import vmette.errors.VmLostException;

/** Talks to one QEMU a step at a time, for threads that may block. */
final class QmpDialogue {
    /** In which QEMU answers, or tells that what it was asked for has happened. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final String vm;
    private final QmpConnection connection;
    private final EventWaits events;
    private final Duration patience;

    QmpDialogue(String vm, QmpConnection connection, EventWaits events) {
        this(vm, connection, events, PATIENCE);
    }

    /** @param patience in which it has to answer */
    QmpDialogue(String vm, QmpConnection connection, EventWaits events, Duration patience) {
        this.patience = patience;
        this.vm = vm;
        this.connection = connection;
        this.events = events;
    }

    EventWaits events() {
        return events;
    }

    JsonNode ask(String command) throws QmpException {
        return ask(command, Map.of());
    }

    /** @throws VmLostException if the connection ends first, OperationTimeoutException if it is silent */
    JsonNode ask(String command, Map<String, ?> arguments) throws QmpException {
        try {
            return await(connection.execute(command, arguments).toCompletableFuture(), patience);
        } catch (TimeoutException e) {
            throw new OperationTimeoutException("QEMU of VM " + vm + " did not answer " + command + " within "
                    + patience.toSeconds() + " s: it hangs, or the host is overloaded");
        }
    }

    /** @throws TimeoutException after that time; the future waits on */
    <T> T await(CompletableFuture<T> future, Duration timeout) throws QmpException, TimeoutException {
        try {
            return future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() instanceof CompletionException wrapped ? wrapped.getCause() : e.getCause();
            if (cause instanceof QmpException refusal) {
                throw refusal;
            }
            throw cause instanceof RuntimeException known
                    ? known
                    : new VmLostException("VM " + vm + ": " + cause.getMessage(), cause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VmLostException("interrupted while talking to QEMU of VM " + vm, e);
        }
    }
}
