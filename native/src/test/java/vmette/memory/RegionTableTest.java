package vmette.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class RegionTableTest {
    @Test
    void badTablesAreRefused() {
        assertThatThrownBy(() -> new GuestRegion(0, 0, 0, 0)).isInstanceOf(GuestMemoryException.class);
        assertThatThrownBy(() -> new GuestRegion(-4096, 8192, 0, 0)).isInstanceOf(GuestMemoryException.class);
        assertThatThrownBy(() -> new GuestRegion(0, 8192, -4096, 0)).isInstanceOf(GuestMemoryException.class);
        assertThatThrownBy(() -> new GuestRegion(0, 4096, 0, -1)).isInstanceOf(GuestMemoryException.class);
        assertThatThrownBy(() -> new GuestRegion(8, 4096, 0, 0)).hasMessageContaining("not aligned");
        assertThatThrownBy(() -> new GuestRegion(0, 4096, 8, 0)).hasMessageContaining("not aligned");
        assertThatThrownBy(() -> new GuestRegion(0, 4096, 0, 8)).hasMessageContaining("not aligned");
        GuestRegion region = new GuestRegion(0, 8192, 0x10000, 0);
        assertThatThrownBy(() -> new RegionTable(List.of(region, new GuestRegion(4096, 1, 0x80000, 0))))
                .hasMessageContaining("guest addresses 0x0 and 0x1000 overlap");
        assertThatThrownBy(() -> new RegionTable(List.of(new GuestRegion(8192, 1, 0x11000, 0), region)))
                .hasMessageContaining("user addresses");
        assertThat(new RegionTable(List.of(new GuestRegion(8192, 1, 0x80000, 0), region)).regions())
                .first()
                .isEqualTo(region);
        assertThat(new GuestRegion(-4096, 4096, -4096, 0).size()).isEqualTo(4096);
    }
}
