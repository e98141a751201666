package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.NotUsed;
import akka.japi.function.Function2;
import akka.stream.Materializer;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import vmette.config.VmSpec;
import vmette.errors.BranchesFailedException;
import vmette.errors.InvalidConfigException;
import vmette.errors.StartFailedException;
import vmette.errors.VmLostException;
import vmette.errors.VmetteException;
import vmette.testkit.Script;
import vmette.testkit.VmetteTestKit;

/** Forks whose clones are VMs of the test kit, which boot instead of being clones of anything: what a stage does with them is the same. */
class ForkTest {
    private final VmetteTestKit kit = VmetteTestKit.create();
    private final List<VmHandle> made = new ArrayList<>();
    private int forks;
    private int clones;

    @AfterEach
    void close() {
        kit.close();
    }

    /** Clones are c1, c2 and so on. */
    private CompletionStage<List<VmHandle>> fork(int n) {
        forks++;
        List<CompletableFuture<VmHandle>> all = IntStream.range(0, n)
                .mapToObj(i -> kit.vmette()
                        .launch(VmSpec.builder().name("c" + ++clones).build())
                        .toCompletableFuture())
                .toList();
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).thenApply(done -> {
            List<VmHandle> ready = all.stream().map(CompletableFuture::join).toList();
            made.addAll(ready);
            return ready;
        });
    }

    private static CompletionStage<String> ask(VmHandle vm, String line, Materializer materializer) {
        Execution execution = vm.exec(line);
        CompletionStage<String> text = execution
                .stdout()
                .runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), materializer)
                .thenApply(ByteString::utf8String);
        return execution.status().thenCombine(text, (status, said) -> {
            if (!status.isSuccess()) {
                throw new IllegalStateException(line + ": " + status.code());
            }
            return said;
        });
    }

    private Function2<String, VmHandle, CompletionStage<String>> asking() {
        Materializer materializer = Materializer.matFromSystem(kit.system());
        return (line, vm) -> ask(vm, line, materializer).thenApply(said -> said + " in " + vm.name());
    }

    private <I, R> Taker<R> run(List<I> elements, Flow<I, R, NotUsed> flow) {
        return Taker.of(Source.from(elements).via(flow), Materializer.matFromSystem(kit.system()));
    }

    private void nothingIsLeft() {
        assertThat(made).allMatch(VmHandle::hasEnded);
        assertThat(kit.vmette().vms()).allMatch(vm -> vm.state().isOver());
    }

    private void scripts() {
        kit.onExec("slow", Script.script().thenPause(Duration.ofSeconds(60)).thenPrint("slow"));
        kit.onExec("quick", Script.script().thenPause(Duration.ofSeconds(5)).thenPrint("quick"));
        kit.onExec("wrong", Script.script().thenPause(Duration.ofSeconds(1)).thenExit(3));
    }

    @Test
    void resultsComeInTheOrderOfTheElements() {
        scripts();
        Taker<String> taker = run(List.of("slow", "quick", "quick"), Fork.flow(this::fork, 2, asking()));
        taker.request(10);
        kit.until(taker::isOver);
        assertThat(taker.isComplete()).isTrue();
        assertThat(taker.taken).containsExactly("slow in c1", "quick in c2", "quick in c3");
        nothingIsLeft();
    }

    @Test
    void withoutDemandThereIsNoClone() {
        scripts();
        Taker<String> taker = run(List.of("quick", "quick", "quick", "quick"), Fork.flow(this::fork, 2, asking()));
        kit.advance(Duration.ofMinutes(5));
        assertThat(forks).isZero();
        taker.request(1);
        kit.advance(Duration.ofMinutes(5));
        assertThat(taker.taken).hasSize(1);
        assertThat(forks).as("as many as there may be, while one is wanted").isEqualTo(2);
        taker.request(1);
        kit.advance(Duration.ofMinutes(5));
        assertThat(taker.taken).hasSize(2);
        assertThat(forks).as("one was there already").isEqualTo(2);
        taker.cancel();
        kit.settle();
        assertThat(forks).isEqualTo(2);
        nothingIsLeft();
    }

    @Test
    void aBranchThatFailsFailsTheStreamWhenNothingIsLeft() {
        scripts();
        List<Boolean> left = new ArrayList<>();
        Taker<String> taker = new Taker<>();
        Source.from(List.of("slow", "wrong"))
                .via(Fork.flow(this::fork, 2, asking()))
                .mapError(Throwable.class, failure -> {
                    left.add(made.stream().allMatch(VmHandle::hasEnded));
                    return failure;
                })
                .runWith(Sink.fromSubscriber(taker), kit.system());
        taker.request(1);
        kit.until(taker::isOver);
        assertThat(taker.failure().orElseThrow()).hasMessage("wrong: 3");
        assertThat(left).containsExactly(true);
        assertThat(made).hasSize(2);
        nothingIsLeft();
    }

    @Test
    void aFailureMayBeAResult() {
        scripts();
        Taker<Fork.Tried<String>> taker =
                run(List.of("quick", "wrong", "quick"), Fork.flowTried(this::fork, 3, asking()));
        taker.request(3);
        kit.until(taker::isOver);
        assertThat(taker.taken).extracting(Fork.Tried::isSuccess).containsExactly(true, false, true);
        assertThat(taker.taken.get(1).failure().orElseThrow()).hasMessage("wrong: 3");
        nothingIsLeft();
    }

    @Test
    void theFirstWinsAndTheOthersAreStoppedThen() {
        scripts();
        Taker<String> taker =
                run(List.of(List.of("slow", "quick", "wrong", "slow")), Fork.firstWins(this::fork, 4, asking()));
        taker.request(1);
        kit.until(() -> !taker.taken.isEmpty());
        assertThat(taker.taken).containsExactly("quick in c2");
        kit.until(taker::isOver);
        assertThat(taker.isComplete()).isTrue();
        nothingIsLeft();
        assertThat(kit.clock().instant())
                .as("nobody waited for the slow ones")
                .isBefore(Instant.parse("2026-01-01T00:00:50Z"));
    }

    @Test
    void ifAllFailEachIsTold() {
        scripts();
        Taker<String> taker = run(List.of(List.of("wrong", "wrong")), Fork.firstWins(this::fork, 2, asking()));
        taker.request(1);
        kit.until(taker::isOver);
        assertThat(taker.failure().orElseThrow())
                .isInstanceOf(BranchesFailedException.class)
                .hasMessage("each of 2 branches failed, the first with: wrong: 3")
                .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(2));
        nothingIsLeft();
    }

    @Test
    void theBestOfAllThatSucceedCounts() {
        kit.onExec("a", Script.print("2"));
        kit.onExec("b", Script.script().thenPause(Duration.ofSeconds(9)).thenPrint("7"));
        kit.onExec("c", Script.print("7"));
        kit.onExec("d", Script.script().thenExit(1));
        Taker<String> taker = run(
                List.of(List.of("a", "b", "c", "d"), List.of("a")),
                Fork.bestOf(this::fork, 4, asking(), Comparator.comparing(said -> said.substring(0, 1))));
        taker.request(2);
        kit.until(taker::isOver);
        assertThat(taker.isComplete()).isTrue();
        assertThat(taker.taken).containsExactly("7 in c2", "2 in c5");
        assertThat(forks).isEqualTo(2);
        nothingIsLeft();
    }

    @Test
    void aComparatorThatThrowsFailsTheStream() {
        kit.onExec("a", Script.print("2"));
        Taker<String> taker = run(List.of(List.of("a", "a")), Fork.bestOf(this::fork, 2, asking(), (one, other) -> {
            throw new IllegalStateException("cannot compare " + one + " and " + other);
        }));
        taker.request(1);
        kit.until(taker::isOver);
        assertThat(taker.failure().orElseThrow()).hasMessageStartingWith("cannot compare ");
        nothingIsLeft();
    }

    @Test
    void aCloneThatEndsFirstIsAFailureOfItsBranch() {
        Taker<String> taker = run(List.of("x"), Fork.flow(this::fork, 1, (line, vm) -> new CompletableFuture<>()));
        taker.request(1);
        kit.until(() -> made.size() == 1);
        kit.settle();
        kit.vm("c1").crash();
        kit.until(taker::isOver);
        assertThat(taker.failure().orElseThrow())
                .isInstanceOf(VmLostException.class)
                .hasMessage("the clone c1 has ended (failed) before its branch was done")
                .hasCauseInstanceOf(VmetteException.class);
    }

    @Test
    void cancellingStopsEveryClone() {
        scripts();
        Taker<String> taker = run(List.of("slow", "slow", "slow"), Fork.flow(this::fork, 3, asking()));
        taker.request(1);
        kit.advance(Duration.ofSeconds(2));
        assertThat(made).hasSize(3).noneMatch(VmHandle::hasEnded);
        taker.cancel();
        kit.until(() -> made.stream().allMatch(VmHandle::hasEnded));
        nothingIsLeft();
    }

    @Test
    void clonesThatComeAfterTheCancellingAreStopped() {
        kit.vm("c1").slowBoot(Duration.ofSeconds(10));
        Taker<String> taker = run(List.of("slow"), Fork.flow(this::fork, 1, asking()));
        taker.request(1);
        kit.settle();
        assertThat(forks).isEqualTo(1);
        taker.cancel();
        kit.until(() -> made.size() == 1 && made.get(0).hasEnded());
        nothingIsLeft();
    }

    @Test
    void aFailureOfUpstreamStopsEveryClone() {
        scripts();
        CompletableFuture<String> last = new CompletableFuture<>();
        Taker<String> taker = Taker.of(
                Source.single("slow").concat(Source.completionStage(last)).via(Fork.flow(this::fork, 2, asking())),
                Materializer.matFromSystem(kit.system()));
        taker.request(1);
        kit.advance(Duration.ofSeconds(2));
        assertThat(made).hasSize(1);
        last.completeExceptionally(new IllegalStateException("upstream"));
        kit.until(taker::isOver);
        assertThat(taker.failure().orElseThrow()).hasMessage("upstream");
        nothingIsLeft();
    }

    @Test
    void aMaterializerThatIsShutDownLeavesNoClone() {
        scripts();
        kit.vm("c2").slowBoot(Duration.ofSeconds(10));
        Materializer own = Materializer.createMaterializer(kit.system());
        Taker<String> taker =
                Taker.of(Source.from(List.of("slow", "slow")).via(Fork.flow(this::fork, 2, asking())), own);
        taker.request(1);
        kit.advance(Duration.ofSeconds(2));
        assertThat(made).as("the other one is being made").hasSize(1);
        own.shutdown();
        kit.until(() -> made.size() == 2 && made.stream().allMatch(VmHandle::hasEnded));
        nothingIsLeft();
    }

    @Test
    void aForkThatFailsFailsTheStream() {
        kit.vm("c1").failStart("no memory");
        Taker<String> taker = run(List.of("quick"), Fork.flow(this::fork, 1, asking()));
        taker.request(1);
        kit.until(taker::isOver);
        assertThat(taker.failure()).containsInstanceOf(StartFailedException.class);
    }

    @Test
    void aForkerThatDoesNotDoAsItSaysIsRefused() {
        Forker tooMany = n -> fork(n + 1);
        Taker<String> taker = run(List.of("quick"), Fork.flow(tooMany, 1, asking()));
        taker.request(1);
        kit.until(taker::isOver);
        assertThat(taker.failure().orElseThrow())
                .hasMessage("the forker gave 2 clones where 1 were asked for: each alternative needs one of its own");
        nothingIsLeft();
        for (Forker wrong : List.<Forker>of(n -> null, n -> CompletableFuture.completedStage(null), n -> {
            throw new IllegalStateException("out of order");
        })) {
            Taker<String> other = run(List.of("quick"), Fork.flow(wrong, 1, asking()));
            other.request(1);
            kit.until(other::isOver);
            assertThat(other.failure()).isPresent();
        }
    }

    @Test
    void aBranchThatThrowsOrGivesNothingHasFailed() {
        for (Function2<String, VmHandle, CompletionStage<String>> wrong :
                List.<Function2<String, VmHandle, CompletionStage<String>>>of(
                        (line, vm) -> null, (line, vm) -> CompletableFuture.completedStage(null), (line, vm) -> {
                            throw new IOException("checked");
                        })) {
            Taker<Fork.Tried<String>> taker = run(List.of("x"), Fork.flowTried(this::fork, 1, wrong));
            taker.request(1);
            kit.until(taker::isOver);
            assertThat(taker.isComplete()).isTrue();
            assertThat(taker.taken).extracting(Fork.Tried::isSuccess).containsExactly(false);
        }
        nothingIsLeft();
    }

    @Test
    void tooManyAlternativesAndNoneAreRefused() {
        for (List<String> element : List.of(List.<String>of(), List.of("a", "b", "c"))) {
            Taker<String> taker = run(List.of(element), Fork.firstWins(this::fork, 2, asking()));
            taker.request(1);
            kit.until(taker::isOver);
            assertThat(taker.failure().orElseThrow())
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessage("an element with " + element.size() + " alternatives is refused: allowed is 1 to 2");
        }
        assertThat(forks).isZero();
        assertThatThrownBy(() -> Fork.flow(this::fork, 0, asking())).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> Fork.firstWins(this::fork, Fork.MOST + 1, asking()))
                .isInstanceOf(InvalidConfigException.class);
    }
}
