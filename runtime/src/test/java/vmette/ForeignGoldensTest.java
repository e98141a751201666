package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import vmette.actors.VmEvent;
import vmette.machine.GoldenLook;

class ForeignGoldensTest {
    private final List<VmEvent> events = new ArrayList<>();
    private final ForeignGoldens goldens = new ForeignGoldens(events::add);

    @Test
    void oneThatStaysIsToldOfOnceAndEachThatIsRemovedAsWell() {
        GoldenLook.Foreign staying = new GoldenLook.Foreign("golden-1", "another kernel", Optional.of("in use"));
        GoldenLook.Foreign removed = new GoldenLook.Foreign("golden-1", "another kernel", Optional.empty());
        List.of(staying, staying, removed, staying, removed).forEach(goldens);
        assertThat(events)
                .extracting(event -> ((VmEvent.ForeignGolden) event).what())
                .containsExactly(staying, removed, removed);
    }
}
