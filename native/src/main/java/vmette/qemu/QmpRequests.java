package vmette.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;

/** The commands of one connection that wait for their answers. Thread-safe; futures complete outside the lock. */
final class QmpRequests {
    /** One command; its answer is done already if the connection cannot take it. */
    record Request(long id, String command, CompletableFuture<JsonNode> answer) {}

    /** A monitor that answers nothing any more must not be asked without bound. */
    static final int MAX_PENDING = 256;

    private final Map<Long, Request> pending = new HashMap<>();
    private long lastId;
    private VmetteException ended;

    Request add(String command) {
        VmetteException refusal;
        synchronized (this) {
            Request request = new Request(++lastId, command, new CompletableFuture<>());
            if (ended == null && pending.size() < MAX_PENDING) {
                pending.put(request.id(), request);
                return request;
            }
            refusal = ended != null
                    ? ended
                    : new VmLostException(
                            "QEMU has " + MAX_PENDING + " unanswered commands: " + command + " is not sent");
        }
        return new Request(0, command, CompletableFuture.failedFuture(refusal));
    }

    void succeed(QmpMessage.Success success) throws QmpProtocolException {
        take(success.id()).answer().complete(success.value());
    }

    void refuse(QmpMessage.Refusal refusal) throws QmpProtocolException {
        Request request = take(refusal.id());
        request.answer()
                .completeExceptionally(
                        new QmpException(request.command(), refusal.errorClass(), refusal.description()));
    }

    private synchronized Request take(long id) throws QmpProtocolException {
        Request request = pending.remove(id);
        if (request == null) {
            throw new QmpProtocolException("an answer to no command, id " + id);
        }
        return request;
    }

    void failAll(VmetteException reason) {
        List<Request> lost;
        synchronized (this) {
            ended = reason;
            lost = new ArrayList<>(pending.values());
            pending.clear();
        }
        lost.forEach(request -> request.answer().completeExceptionally(reason));
    }
}
