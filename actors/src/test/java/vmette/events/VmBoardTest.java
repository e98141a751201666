package vmette.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import vmette.actors.VmEnd;
import vmette.actors.VmEvent;

/** Who is on the board, and for how long. */
class VmBoardTest {
    private final VmBoard board = new VmBoard();

    private static void live(VmBoard on, String name) {
        on.add(Told.launched(name, 1));
        on.add(Told.began(name, 1, 2));
    }

    private void counts(int starting, int ended) {
        assertThat(board.count(VmState.STARTING)).isEqualTo(starting);
        assertThat(board.count(VmState.ENDED)).isEqualTo(ended);
        assertThat(Arrays.stream(VmState.values()).mapToInt(board::count).sum())
                .isEqualTo(board.all().size());
    }

    @Test
    void itIsInTheOrderOfNames() {
        List.of("c", "a", "b").forEach(name -> live(board, name));
        assertThat(board.all()).extracting(VmStatus::name).containsExactly("a", "b", "c");
        assertThat(board.of("b").orElseThrow().incarnation()).isEqualTo(1);
        assertThat(board.of("d")).isEmpty();
        counts(3, 0);
    }

    @Test
    void theLastThatEndedAreKept() {
        live(board, "alive");
        for (int i = 0; i < VmBoard.ENDED + 7; i++) {
            live(board, "vm-" + i);
            board.add(Told.ended("vm-" + i, 1, 3, VmEnd.How.STOPPED));
        }
        counts(1, VmBoard.ENDED);
        assertThat(board.of("alive")).isPresent();
        assertThat(board.of("vm-6")).isEmpty();
        assertThat(board.of("vm-7")).isPresent();
    }

    @Test
    void oneThatLivesAgainIsNotTakenAwayForHavingEnded() {
        live(board, "again");
        board.add(Told.ended("again", 1, 3, VmEnd.How.STOPPED));
        live(board, "again");
        for (int i = 0; i < VmBoard.ENDED + 1; i++) {
            board.add(Told.ended("vm-" + i, 1, 3, VmEnd.How.STOPPED));
        }
        assertThat(board.of("again").orElseThrow().state()).isEqualTo(VmState.STARTING);
        counts(1, VmBoard.ENDED);
    }

    @Test
    void oneThatHasEndedAgainIsKeptForItsLastEnd() {
        board.add(Told.ended("again", 1, 3, VmEnd.How.STOPPED));
        for (int i = 0; i < VmBoard.ENDED - 1; i++) {
            board.add(Told.ended("vm-" + i, 1, 3, VmEnd.How.STOPPED));
        }
        live(board, "again");
        board.add(Told.ended("again", 1, 3, VmEnd.How.STOPPED));
        board.add(Told.ended("last", 1, 3, VmEnd.How.STOPPED));
        assertThat(board.of("again")).isPresent();
        assertThat(board.of("vm-0")).isEmpty();
        counts(0, VmBoard.ENDED);
    }

    @Test
    void whatConcernsNoVmIsNotOnIt() {
        board.add(new VmEvent.Missed(3, Told.at(1)));
        assertThat(board.all()).isEmpty();
    }

    /** Supervisors are on many threads. */
    @Test
    void noEventOfManyThreadsIsLost() throws InterruptedException {
        int threads = 4;
        int each = 500;
        List<Thread> all = new ArrayList<>();
        IntStream.range(0, threads)
                .forEach(t -> all.add(new Thread(() -> {
                    for (int i = 0; i < each; i++) {
                        live(board, t + "-" + i);
                        if (i % 2 == 0) {
                            board.add(Told.ended(t + "-" + i, 1, 3, VmEnd.How.STOPPED));
                        }
                    }
                })));
        all.forEach(Thread::start);
        for (Thread thread : all) {
            thread.join();
        }
        counts(threads * each / 2, VmBoard.ENDED);
    }
}
