package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;

import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;

/** A process in the guest tries to take the agent's link over, while a command runs that must not notice. */
class GuestAttackIT {
    private static Vmette vmette;
    private static VmHandle vm;

    @BeforeAll
    static void boot() {
        vmette = Vmette.create();
        vm = await(vmette.launch(VmSpec.builder().memoryMib(256).build()));
        Guests.uploadProbe(vmette, vm);
    }

    @AfterAll
    static void close() {
        vmette.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/tmp/vsock-probe attack", "su nobody -s /bin/sh -c '/tmp/vsock-probe attack'"})
    void itGetsNowhere(String attack) {
        // The victim's data connections are dialled while the attack races for them: one line at a time, to its very
        // end.
        Execution victim = vm.exec(ExecSpec.of("cat"));
        Source<ByteString, ?> lines = Source.range(1, 2000).map(i -> ByteString.fromString("line " + i + "\n"));
        Execution attacker = vm.exec(ExecSpec.shell(attack));
        CompletionStage<String> report = Guests.text(vmette, attacker.stdout());
        CompletionStage<String> trouble = Guests.text(vmette, attacker.stderr());
        lines.concat(Source.completionStage(report).map(done -> ByteString.fromString("attack over\n")))
                .runWith(victim.stdin(), vmette.system());
        String seen = await(Guests.text(vmette, victim.stdout()));

        assertThat(await(attacker.status()).code()).as(await(trouble)).isZero();
        assertThat(await(report))
                .contains("control by cid 1: ", "control by cid 2: ", "control by cid 3: ", "guess a token: ")
                .endsWith("done\n")
                .doesNotContain("COULD");
        assertThat(seen).startsWith("line 1\n").endsWith("line 2000\nattack over\n");
        assertThat(await(victim.status()).code()).isZero();
        assertThat(Guests.sh(vmette, vm, "exit 11").status().code()).isEqualTo(11);
    }
}
