package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;
import static vmette.Guests.sh;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import vmette.Guests.Result;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;

/** How commands in a real VM end, and what is told of it: the OOM killer's part, and outputs that are one. */
class ExecEndIT {
    /** Doubles a shell variable until there is no memory left. */
    private static final String HOG = "x=0123456789abcdef; while :; do x=$x$x; done";

    private static Vmette vmette;
    private static VmHandle vm;

    @BeforeAll
    static void boot() {
        vmette = Vmette.create();
        vm = await(vmette.launch(VmSpec.builder().memoryMib(128).build()));
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    @Test
    void aCommandThatTheOomKillerEndsSaysSo() {
        assertThat(sh(vmette, vm, HOG).status()).isEqualTo(new ExitStatus(ExitStatus.Kind.SIGNALLED, 9, true));
        assertThat(sh(vmette, vm, "true").status()).isEqualTo(new ExitStatus(ExitStatus.Kind.EXITED, 0));
    }

    @Test
    void soDoesOneWhoseChildItEnds() {
        Result result = sh(vmette, vm, "sh -c '" + HOG + "'; echo \"child: $?\"; exit 3");
        assertThat(result.stdout()).isEqualTo("child: 137\n");
        assertThat(result.status()).isEqualTo(new ExitStatus(ExitStatus.Kind.EXITED, 3, true));
    }

    @Test
    void aKillOfAnyOtherHandIsNoOomKill() {
        assertThat(sh(vmette, vm, "kill -9 $$").status()).isEqualTo(new ExitStatus(ExitStatus.Kind.SIGNALLED, 9));
        Result result = sh(vmette, vm, "echo 'Out of memory: Killed process '$$ > /dev/kmsg; kill -9 $$");
        assertThat(result.status()).isEqualTo(new ExitStatus(ExitStatus.Kind.SIGNALLED, 9));
    }

    @Test
    void noCgroupOutlivesItsProcesses() {
        for (int i = 0; i < 20; i++) {
            sh(vmette, vm, "true");
        }
        // One that leaves its group keeps its cgroup until it goes.
        sh(vmette, vm, "setsid sleep 1 >/dev/null 2>&1 </dev/null & exit 0");
        String count = "mkdir -p /tmp/cg; mountpoint -q /tmp/cg || mount -t cgroup2 none /tmp/cg;"
                + " for i in $(seq 200); do n=$(ls -d /tmp/cg/vmette/*/ | wc -l); [ $n -gt 1 ] || break; usleep 100000;"
                + " done; echo $n; umount /tmp/cg";
        assertThat(sh(vmette, vm, count).stdout()).isEqualTo("1\n");
    }

    @Test
    void mergedOutputsKeepTheirOrder() {
        StringBuilder expected = new StringBuilder();
        for (int i = 1; i <= 200; i++) {
            expected.append("out ").append(i).append("\nerr ").append(i).append('\n');
        }
        Result result = Guests.run(
                vmette,
                vm,
                ExecSpec.shell("for i in $(seq 200); do echo out $i; echo err $i >&2; done")
                        .mergingOutputs());
        assertThat(result.stdout()).isEqualTo(expected.toString());
        assertThat(result.stderr()).isEmpty();
    }
}
