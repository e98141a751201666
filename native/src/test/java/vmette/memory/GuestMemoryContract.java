package vmette.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import vmette.linux.SharedMapping;

/** What every kind of guest memory does. */
abstract class GuestMemoryContract {
    private static final long BASE = 0x10_0000;

    /** Memory of the kind. */
    abstract GuestRam create(long[][] addressesAndSizes);

    private GuestRam create(long guestAddress, long size) {
        return create(new long[][] {{guestAddress, size}});
    }

    @Test
    void numbersAreLittleEndian() {
        try (GuestRam ram = create(BASE, 4096)) {
            GuestMemory memory = ram.memory();
            memory.putLong(BASE + 3, 0x0102030405060708L);
            assertThat(memory.getLong(BASE + 3)).isEqualTo(0x0102030405060708L);
            assertThat(memory.getInt(BASE + 3)).isEqualTo(0x05060708);
            assertThat(memory.getShort(BASE + 9)).isEqualTo((short) 0x0102);
            memory.putInt(BASE + 5, 0x11223344);
            memory.putShort(BASE + 4, (short) 0x5566);
            byte[] bytes = new byte[8];
            memory.read(BASE + 3, bytes, 0, 8);
            assertThat(bytes).containsExactly(8, 0x66, 0x55, 0x33, 0x22, 0x11, 2, 1);
            memory.putShortRelease(BASE + 8, (short) -2);
            assertThat(memory.getShortAcquire(BASE + 8)).isEqualTo((short) -2);
            memory.putIntRelease(BASE + 8, 77);
            assertThatThrownBy(() -> memory.putIntRelease(BASE + 2, 77)).hasMessageContaining("not aligned to 4");
            assertThatThrownBy(() -> memory.getShortAcquire(BASE + 1)).hasMessageContaining("not aligned to 2");
            assertThat(memory.getInt(BASE + 8)).isEqualTo(77);
        }
    }

    @Test
    void everythingOutsideIsRefused() {
        try (GuestRam ram = create(BASE, 4096)) {
            GuestMemory memory = ram.memory();
            byte[] bytes = new byte[8];
            for (long address : new long[] {BASE - 1, BASE + 4096 - 1, 0, -1, -4, Long.MIN_VALUE}) {
                assertThatThrownBy(() -> memory.getShort(address)).isInstanceOf(GuestMemoryException.class);
                assertThatThrownBy(() -> memory.getInt(address)).isInstanceOf(GuestMemoryException.class);
                assertThatThrownBy(() -> memory.putLong(address, 1)).isInstanceOf(GuestMemoryException.class);
                assertThatThrownBy(() -> memory.read(address, bytes, 0, 8)).isInstanceOf(GuestMemoryException.class);
                assertThatThrownBy(() -> memory.write(address, bytes, 0, 8)).isInstanceOf(GuestMemoryException.class);
                assertThatThrownBy(() -> memory.area(address, 8)).isInstanceOf(GuestMemoryException.class);
                assertThatThrownBy(() -> memory.translateUser(address, 8)).isInstanceOf(GuestMemoryException.class);
            }
            assertThatThrownBy(() -> memory.checkRange(BASE, Long.MAX_VALUE))
                    .isInstanceOf(GuestMemoryException.class)
                    .hasMessageContaining("0x100000");
        }
    }

    @Test
    void bulkAndNumbersCrossAdjacentRegionsAndAreasDoNot() {
        try (GuestRam ram = create(new long[][] {{BASE, 4096}, {BASE + 4096, 4096}, {0, 4096}})) {
            GuestMemory memory = ram.memory();
            byte[] data = new byte[6000];
            for (int i = 0; i < data.length; i++) {
                data[i] = (byte) (i * 7);
            }
            memory.write(BASE + 1000, data, 0, data.length);
            byte[] back = new byte[6000];
            memory.read(BASE + 1000, back, 0, back.length);
            assertThat(back).isEqualTo(data);
            memory.putInt(BASE + 4094, 0xcafebabe);
            assertThat(memory.getInt(BASE + 4094)).isEqualTo(0xcafebabe);
            assertThatThrownBy(() -> memory.area(BASE + 4090, 12)).isInstanceOf(GuestMemoryException.class);
            assertThatThrownBy(() -> memory.write(BASE + 8000, data, 0, 193)).isInstanceOf(GuestMemoryException.class);
            assertThat(memory.getLong(BASE + 8184)).as("nothing was written").isZero();
        }
    }

    @Test
    void userAddressesAreTranslated() {
        try (GuestRam ram = create(new long[][] {{0, 4096}, {BASE, 4096}})) {
            GuestMemory memory = ram.memory();
            long user = ram.regions().get(1).userAddress();
            assertThat(memory.translateUser(user + 96, 4000)).isEqualTo(BASE + 96);
            assertThatThrownBy(() -> memory.translateUser(user + 96, 4001)).isInstanceOf(GuestMemoryException.class);
        }
    }

    @Test
    void nothingIsReachableAfterClose() {
        try (GuestRam ram = create(BASE, 4096)) {
            GuestMemory memory = ram.open();
            MemoryArea area = memory.area(BASE, 64);
            area.putInt(0, 1);
            memory.close();
            memory.close();
            assertThatThrownBy(() -> memory.getInt(BASE)).isInstanceOf(GuestMemoryException.class);
            assertThatThrownBy(() -> area.getInt(0)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> area.putIntRelease(0, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void windowBoundariesAreInvisible() {
        long size = SharedMapping.STRIDE + (2L << 20);
        try (GuestRam ram = create(BASE, size)) {
            GuestMemory memory = ram.memory();
            long edge = BASE + SharedMapping.STRIDE;
            memory.area(edge - 8, GuestMemory.MAX_AREA).putInt(6, 0x01020304);
            assertThat(memory.getInt(edge - 2)).isEqualTo(0x01020304);
            byte[] data = new byte[3 << 20];
            memory.read(edge - (1 << 20), data, 0, data.length);
            assertThat(data[(1 << 20) - 2]).isEqualTo((byte) 4);
            memory.write(edge - (1 << 20) + 1, data, 0, data.length - 1);
            assertThat(memory.getInt(edge - 1)).isEqualTo(0x01020304);
        }
    }
}
