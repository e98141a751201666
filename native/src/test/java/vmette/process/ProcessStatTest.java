package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.StringLength;

class ProcessStatTest {
    private static final String STAT = "12 (a) b (c) d) S 1 12 12 0 -1 4194560 1 0 0 0 70 8 0 0 20 0 1 0 98765 1 2 3";

    @Example
    void readsWhatStandsBehindAnyName() {
        assertThat(ProcessStat.parse(12, STAT)).contains(new ProcessStat(12, 'S', 78, 98765));
    }

    @Example
    void isEmptyForWhatIsNoStat() {
        for (String text : new String[] {
            "",
            "12 (sh",
            "12 (sh) S 1 2",
            "12 (sh) S 1 12 12 0 -1 4 1 0 0 0 0 0 0 0 20 0 1 0 x 1",
            "12 (sh) S 1 12 12 0 -1 4 1 0 0 0 x 0 0 0 20 0 1 0 5 1",
            "12 (sh) SS 1 12 12 0 -1 4 1 0 0 0 0 0 0 0 20 0 1 0 5 1"
        }) {
            assertThat(ProcessStat.parse(12, text)).as(text).isEmpty();
        }
    }

    @Property
    void nothingIsThrown(
            @ForAll @StringLength(max = 200) @Chars({'(', ')', ' ', '1', '-', 'S', '.', '\n'}) String text) {
        assertThatCode(() -> {
                    ProcessStat.parse(1, text);
                    ProcessStat.parse(1, "1 (a) " + text);
                    HostLoad.parse(text);
                })
                .doesNotThrowAnyException();
    }

    @Example
    void seesAProcessStoppedAndGoOn() throws Exception {
        Process process = new ProcessBuilder("/bin/sleep", "1000").start();
        try {
            assertThat(ProcessStat.of(process.pid()).orElseThrow().cpuTicks()).isNotNegative();
            signal("STOP", process);
            awaitState(process, 'T');
            signal("CONT", process);
            awaitState(process, 'S');
        } finally {
            process.destroyForcibly().waitFor();
        }
        assertThat(ProcessStat.of(process.pid())).isEmpty();
    }

    private static void signal(String name, Process process) throws Exception {
        Process kill = new ProcessBuilder("/bin/sh", "-c", "kill -" + name + " " + process.pid()).start();
        assertThat(kill.waitFor()).isZero();
    }

    private static void awaitState(Process process, char state) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        Optional<ProcessStat> stat = ProcessStat.of(process.pid());
        while (stat.isEmpty() || stat.get().state() != state) {
            assertThat(System.nanoTime()).as("state %s, now %s", state, stat).isLessThan(end);
            Thread.onSpinWait();
            stat = ProcessStat.of(process.pid());
        }
    }

    @Example
    void theLoadIsTheFirstNumber() {
        assertThat(HostLoad.parse("3.25 1.00 0.50 2/345 6789\n")).isEqualTo(3.25);
        assertThat(HostLoad.parse("many 1.00")).isZero();
        assertThat(HostLoad.parse("-1 1.00")).isZero();
        assertThat(HostLoad.parse("NaN")).isZero();
        assertThat(HostLoad.parse("Infinity")).isZero();
        assertThat(HostLoad.perProcessor()).isBetween(0.0, 1e6);
    }
}
