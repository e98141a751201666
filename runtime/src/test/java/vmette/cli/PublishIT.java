package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code --publish} as a whole process, with an HTTP server in its guest, which has no network. */
class PublishIT {
    private static final Pattern CHOSEN =
            Pattern.compile("vmette: 127\\.0\\.0\\.1:([0-9]+) leads to port 8080 of the guest");
    private static final int AT_ONCE = 100;

    @RegisterExtension
    private final Sandbox sandbox = Sandbox.create("");

    @Test
    void anHttpServerInTheGuestServesAHundredAtOnce() {
        Launched run = Launched.start(
                sandbox,
                "run",
                "--publish",
                "0:8080",
                "--exec",
                "mkdir /tmp/www; seq 5000 > /tmp/www/index.html; httpd -p 8080 -h /tmp/www; echo serving; sleep 1000");
        run.awaitOutput("serving\n");
        Matcher chosen = CHOSEN.matcher(run.errors());
        assertThat(chosen.find()).as(run.errors()).isTrue();
        URI page = URI.create("http://127.0.0.1:" + chosen.group(1) + "/");

        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpRequest request = HttpRequest.newBuilder(page)
                .timeout(Duration.ofSeconds(Sandbox.DEADLINE_SECONDS))
                .build();
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            answers.add(client.sendAsync(request, BodyHandlers.ofString()));
        }
        StringBuilder expected = new StringBuilder();
        for (int i = 1; i <= 5000; i++) {
            expected.append(i).append('\n');
        }
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            HttpResponse<String> response =
                    answer.orTimeout(Sandbox.DEADLINE_SECONDS, TimeUnit.SECONDS).join();
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.body()).isEqualTo(expected.toString());
        }
        run.signal("INT", true);
        assertThat(run.result().code()).isEqualTo(130);
    }
}
