package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import vmette.machine.SaveReport;
import vmette.recovery.Snapshot;

class PassiveShelfTest {
    private final List<String> discarded = new ArrayList<>();
    private final FakeShelf others =
            new FakeShelf().add("checkpoint", Instant.EPOCH).golden("golden");
    private final PassiveShelf shelf = new PassiveShelf(others, discarded::add, () -> TestClock.START);

    private static SaveReport report(String id) {
        return new SaveReport(id, Duration.ofMillis(1), 1);
    }

    private List<String> lastGood() {
        return shelf.atHand().lastGood().stream().map(Snapshot::id).toList();
    }

    @Test
    void whatIsKeptComesBeforeTheOthers() {
        shelf.expect().accept(report("p"));
        assertThat(lastGood()).containsExactly("p", "checkpoint");
        assertThat(shelf.atHand().golden()).isPresent();
        assertThat(shelf.kept()).contains(new Snapshot("p", TestClock.START, 0));
        assertThat(shelf.isLast("p")).isTrue();
    }

    @Test
    void itsFailuresAreItsOwn() {
        shelf.expect().accept(report("p"));
        shelf.restoreFailed("p");
        shelf.restoreFailed("checkpoint");
        shelf.restored("golden");
        shelf.restored("p");
        assertThat(shelf.kept())
                .hasValueSatisfying(each -> assertThat(each.failedRestores()).isEqualTo(1));
        assertThat(others.said).containsExactly("failed checkpoint", "restored golden");
        shelf.discard("p");
        shelf.discard("checkpoint");
        assertThat(discarded).containsExactly("p");
        assertThat(others.said).last().isEqualTo("discard checkpoint");
        assertThat(lastGood()).isEmpty();
    }

    @Test
    void whatNobodyExpectsAnyMoreIsGivenUpWhenItComes() {
        Consumer<SaveReport> dropped = shelf.expect();
        shelf.drop();
        dropped.accept(report("dropped"));
        Consumer<SaveReport> late = shelf.expect();
        Consumer<SaveReport> next = shelf.expect();
        late.accept(report("late"));
        next.accept(report("next"));
        assertThat(discarded).containsExactly("dropped", "late");
        assertThat(lastGood()).containsExactly("next", "checkpoint");
        Consumer<SaveReport> atTheEnd = shelf.expect();
        shelf.end();
        atTheEnd.accept(report("end"));
        assertThat(discarded).containsExactly("dropped", "late", "next", "end");
    }
}
