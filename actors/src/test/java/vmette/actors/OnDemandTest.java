package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Collections that are made when something is put into them: until then they can be asked and emptied all the same. */
class OnDemandTest {
    @Test
    void whatHoldsNothingTakesItsRemovals() {
        assertThat(Collections.<Long, String>emptyMap().remove(1L)).isNull();
        assertThat(Collections.<String>emptySet().remove("a")).isFalse();
        assertThat(Collections.<String>emptyList().removeIf(each -> true)).isFalse();
        assertThat(Collections.<String>emptyList().removeAll(List.of("a"))).isFalse();
    }

    @Test
    void oneThatHoldsSomethingStaysTheSame() {
        Map<Long, String> map = OnDemand.map(Collections.emptyMap());
        map.put(1L, "a");
        assertThat(OnDemand.map(map)).isSameAs(map);
        List<String> list = OnDemand.list(Collections.emptyList());
        list.add("a");
        assertThat(OnDemand.list(list)).isSameAs(list);
        Set<String> set = OnDemand.set(Collections.emptySet());
        set.add("a");
        assertThat(OnDemand.set(set)).isSameAs(set);
    }
}
