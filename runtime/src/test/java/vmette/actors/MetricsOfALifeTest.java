package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.events.VmBoard;
import vmette.events.VmEvents;
import vmette.metrics.MetricsEndpoint;
import vmette.metrics.VmetteMetrics;
import vmette.stream.Await;
import vmette.vmm.VmmExit;
import vmette.vsock.VsockCounts;

/** What Prometheus reads after a VM has lived, failed, recovered and been stopped. */
class MetricsOfALifeTest extends VmFixture {
    private static final Pattern COMMENT =
            Pattern.compile("# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|summary|histogram))");
    private static final Pattern SAMPLE = Pattern.compile(
            "([a-z_]+(?:\\{[a-z_]+=\"[A-Za-z_]*\"(?:,[a-z_]+=\"[A-Za-z_]*\")*})?) (-?[0-9.]+(?:E-?[0-9]+)?)");

    private final VmEvents events = new VmEvents(16);
    private final VmBoard board = new VmBoard();

    private static String scrape(int port) throws Exception {
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).contains("text/plain; version=0.0.4; charset=utf-8");
        return answer.body();
    }

    /** Every line is a comment or a sample, or this fails. */
    private static Map<String, Double> samples(String text) {
        Map<String, Double> samples = new TreeMap<>();
        for (String line : List.of(text.split("\n"))) {
            Matcher sample = SAMPLE.matcher(line);
            if (sample.matches()) {
                samples.put(sample.group(1), Double.parseDouble(sample.group(2)));
            } else {
                assertThat(line).matches(COMMENT);
            }
        }
        return samples;
    }

    @Test
    void aLifeIsCounted() throws Exception {
        events.listen(board::add);
        VmetteMetrics metrics = new VmetteMetrics(events, board, () -> new VsockCounts(3, 5000, 70));
        try (MetricsEndpoint endpoint = MetricsEndpoint.open(0, metrics)) {
            assertThat(samples(scrape(endpoint.port())))
                    .containsEntry("vmette_boots_total", 0.0)
                    .containsEntry("vmette_failures_total{cause=\"GUEST_PANIC\"}", 0.0);
            launch(VmSpec.builder().build(), Supervision.by(restart()).withEvents(events::publish));
            FakeMachine machine = machines.next();
            FakeAgent.boot(machine);
            Await.value(vm.ready());
            machine.exit(VmmExit.Reason.CRASHED, 1, "it broke");
            FakeAgent.boot(machines.next());
            Await.until("the second life", () -> board.of(NAME)
                    .filter(status ->
                            status.incarnation() == 2 && status.state().name().equals("READY"))
                    .isPresent());
            assertThat(samples(scrape(endpoint.port())))
                    .containsEntry("vmette_vms{state=\"ready\"}", 1.0)
                    .containsEntry("vmette_vms{state=\"starting\"}", 0.0);
            supervisor.tell(new VmSupervisor.Stop());
            advanceUntilSettled(vm.ended());
            String text = scrape(endpoint.port());
            assertThat(text).doesNotContain(NAME);
            assertThat(samples(text))
                    .containsEntry("vmette_vms{state=\"ready\"}", 0.0)
                    .containsEntry("vmette_boots_total", 2.0)
                    .containsEntry("vmette_restores_total{rung=\"golden\"}", 0.0)
                    .containsEntry("vmette_failures_total{cause=\"VMM_EXIT\"}", 1.0)
                    .containsEntry("vmette_failures_total{cause=\"GUEST_PANIC\"}", 0.0)
                    .containsEntry("vmette_recoveries_total", 1.0)
                    .containsEntry("vmette_ended_total{how=\"stopped\"}", 1.0)
                    .containsEntry("vmette_time_to_ready_seconds_count", 2.0)
                    .containsEntry("vmette_vsock_connections", 3.0)
                    .containsEntry("vmette_vsock_bytes_total{direction=\"tx\"}", 5000.0)
                    .containsEntry("vmette_vsock_bytes_total{direction=\"rx\"}", 70.0)
                    .containsEntry("vmette_events_missed_total", 0.0);
        }
    }
}
