package vmette.rootfs.providers;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import vmette.rootfs.RootfsProgress;

/** One GET, gone on with where it broke off as long as the server still has the same. Not thread-safe. */
final class HttpTransfer {
    private static final Duration CONNECT = Duration.ofSeconds(30);
    private static final int MOST_FAILURES = 5;
    private static final int MOST_ATTEMPTS = 100;

    private final URI uri;
    private final FileChannel to;
    private final long most;
    private final Duration stall;
    private final RootfsProgress.Transfer progress;

    /** What tells one version of a resource from another; empty where the server does not say. */
    record Validators(String etag, String modified) {
        static final Validators NONE = new Validators("", "");

        /** A weak tag does not promise the same bytes. */
        private String strong() {
            return etag.isEmpty() || etag.startsWith("W/") ? modified : etag;
        }
    }

    /** The server has answered and will not give it. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        final int status;

        RefusedException(int status) {
            super("the server answered " + status);
            this.status = status;
        }
    }

    private static final class Client {
        static final HttpClient SHARED = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .connectTimeout(CONNECT)
                .build();
    }

    /**
     * @param to empty; what comes is written there
     * @param most bytes that it may be
     * @param stall how long nothing may come
     */
    HttpTransfer(URI uri, FileChannel to, long most, Duration stall, RootfsProgress.Transfer progress) {
        this.uri = uri;
        this.to = to;
        this.most = most;
        this.stall = stall;
        this.progress = progress;
    }

    /**
     * Fetches all of it.
     *
     * @param known what is here already
     * @return what was fetched; empty: the server has nothing newer than what is known
     * @throws TarFormatException if it is too large
     */
    Optional<Validators> run(Validators known) throws IOException, InterruptedException {
        Validators running = Validators.NONE;
        int failures = 0;
        for (int attempt = 0; ; attempt++) {
            long before = to.size();
            boolean resume = before > 0 && !running.strong().isEmpty();
            if (!resume) {
                to.truncate(0);
            }
            Receiver receiver = new Receiver(to, most, progress);
            try {
                HttpResponse<Void> response = exchange(request(resume ? running : known, to.size()), receiver);
                int status = response.statusCode();
                if (status == 304 && !resume && !known.equals(Validators.NONE)) {
                    return Optional.empty();
                }
                if (status == 200 || (status == 206 && receiver.accepted())) {
                    return Optional.of(validators(response));
                }
                if (!resume || (status != 206 && status != 416)) {
                    throw new RefusedException(status);
                }
                running = Validators.NONE;
                failures++;
            } catch (TarFormatException | RefusedException e) {
                throw e;
            } catch (IOException e) {
                failures = to.size() > before ? 1 : failures + 1;
                boolean never = to.size() == 0 && e instanceof ConnectException;
                if (never || failures >= MOST_FAILURES || attempt >= MOST_ATTEMPTS) {
                    throw e;
                }
                running = receiver.validators().orElse(running);
            }
            Thread.sleep(100L << failures);
        }
    }

    private HttpRequest request(Validators validators, long offset) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(uri)
                .timeout(stall)
                .header("User-Agent", "vmette")
                .header("Accept-Encoding", "identity");
        if (offset > 0) {
            builder.header("Range", "bytes=" + offset + "-").header("If-Range", validators.strong());
        } else if (!validators.etag().isEmpty()) {
            builder.header("If-None-Match", validators.etag());
        } else if (!validators.modified().isEmpty()) {
            builder.header("If-Modified-Since", validators.modified());
        }
        return builder.build();
    }

    private HttpResponse<Void> exchange(HttpRequest request, Receiver receiver)
            throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<Void>> answer =
                Client.SHARED.sendAsync(request, head -> receive(head, receiver));
        try {
            while (true) {
                try {
                    return answer.get(200, TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    if (receiver.idleFor().compareTo(stall) > 0) {
                        throw new IOException("nothing came for " + stall.toSeconds() + " s", e);
                    }
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof TarFormatException tooLarge) {
                throw tooLarge;
            }
            Throwable cause = e.getCause();
            throw cause instanceof ConnectException refused
                    ? refused
                    : new IOException(cause.getMessage() == null ? cause.toString() : cause.getMessage(), cause);
        } finally {
            answer.cancel(true);
            receiver.stop();
        }
    }

    private static BodySubscriber<Void> receive(HttpResponse.ResponseInfo head, Receiver receiver) {
        OptionalLong length = head.headers().firstValueAsLong("Content-Length");
        Validators found = validators(head.headers());
        if (head.statusCode() == 200) {
            receiver.accept(0, length, found);
        } else if (head.statusCode() == 206) {
            receiver.accept(start(head.headers()), length, found);
        }
        return receiver;
    }

    /** Of {@code bytes FIRST-LAST/ALL}; -1 where it is no such thing. */
    private static long start(HttpHeaders headers) {
        String range = headers.firstValue("Content-Range").orElse("");
        return range.matches("bytes [0-9]{1,18}-[0-9]+/.*")
                ? Long.parseLong(range.substring(6, range.indexOf('-')))
                : -1;
    }

    private static Validators validators(HttpResponse<Void> response) {
        return validators(response.headers());
    }

    private static Validators validators(HttpHeaders headers) {
        return new Validators(
                headers.firstValue("ETag").orElse(""),
                headers.firstValue("Last-Modified").orElse(""));
    }
}
