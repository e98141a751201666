package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static vmette.Guests.await;
import static vmette.Guests.out;

import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.config.ExecSpec;
import vmette.config.VmSpec;

/** Branches of streams, each in a clone of a real VM; when a stream is over none of the clones is left. */
class ForkFlowIT {
    @TempDir
    private Path temporary;

    private Vmette vmette;
    private VmHandle vm;

    @BeforeEach
    void open() {
        vmette = Vmette.create(Faults.settings("vmette.snapshot.dir = \"" + temporary + "/snapshots\""));
        vm = await(vmette.launch(VmSpec.builder().name("parent").memoryMib(128).build()));
        out(vmette, vm, "echo parent > /tmp/word");
    }

    @AfterEach
    void close() {
        vmette.close();
    }

    /** What a clone says of itself once its command line is done; its /tmp/word is its own. */
    private CompletionStage<String> said(String commandLine, VmHandle clone) {
        Execution execution =
                clone.exec(ExecSpec.shell("cat /tmp/word; " + commandLine + " >> /tmp/word; cat /tmp/word")
                        .withoutStdin()
                        .discardStderr());
        return Guests.text(vmette, execution.stdout());
    }

    private void assertOnlyTheVmIsLeft() {
        assertThat(vmette.vms())
                .filteredOn(status -> !status.state().isOver())
                .singleElement()
                .satisfies(status -> assertThat(status.name()).isEqualTo("parent"));
        assertThat(out(vmette, vm, "cat /tmp/word")).isEqualTo("parent\n");
    }

    /** Two at a time: the second fork waits for the save of the first. */
    @Test
    void eachBranchHasACloneOfItsOwnAndTheLosersAreStopped() {
        List<String> all = await(Source.from(List.of("echo one", "echo two"))
                .via(Fork.flow(count -> vmette.fork(vm, count), 2, this::said))
                .runWith(Sink.seq(), vmette.system()));
        assertThat(all).containsExactly("parent\nparent\none\n", "parent\nparent\ntwo\n");
        assertOnlyTheVmIsLeft();

        List<String> first = await(Source.single(List.of("sleep 1000; echo slow", "echo quick"))
                .via(Fork.firstWins(count -> vmette.fork(vm, count), 2, this::said))
                .runWith(Sink.seq(), vmette.system()));
        assertThat(first).containsExactly("parent\nparent\nquick\n");
        assertOnlyTheVmIsLeft();

        List<String> best = await(Source.single(List.of("echo 1", "echo 3", "echo 2"))
                .via(Fork.bestOf(count -> vmette.fork(vm, count), 3, this::said, Comparator.naturalOrder()))
                .runWith(Sink.seq(), vmette.system()));
        assertThat(best).containsExactly("parent\nparent\n3\n");
        assertOnlyTheVmIsLeft();
    }
}
