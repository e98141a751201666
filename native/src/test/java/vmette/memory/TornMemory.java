package vmette.memory;

import java.util.List;

/**
 * A guest's memory reached as another process's is, with the worst that the contract of such copies allows: two bytes are
 * copied one after the other, and between any two steps the guest goes on. What the device makes of it is the device's.
 */
public final class TornMemory {
    private TornMemory() {}

    /**
     * The device's view.
     *
     * @param ram the memory
     * @param guest what the guest does meanwhile: run before each step of a copy; a copy of 2 bytes has two
     */
    public static GuestMemory over(GuestRam ram, Runnable guest) {
        return over(ram.regions(), ram.memory(), guest);
    }

    private static GuestMemory over(List<GuestRegion> regions, GuestMemory whole, Runnable guest) {
        return new RemoteGuestMemory(new RegionTable(regions), new Transfer(whole, guest));
    }

    private record Transfer(GuestMemory whole, Runnable guest) implements MemoryTransfer {
        @Override
        public long read(long address, int size) {
            byte[] bytes = new byte[size];
            int step = size == Short.BYTES ? 1 : size;
            for (int done = 0; done < size; done += step) {
                read(address + done, bytes, done, step);
            }
            long value = 0;
            for (int i = size - 1; i >= 0; i--) {
                value = (value << 8) | (bytes[i] & 0xff);
            }
            return value;
        }

        @Override
        public void write(long address, long value, int size) {
            byte[] bytes = new byte[size];
            for (int i = 0; i < size; i++) {
                bytes[i] = (byte) (value >>> (8 * i));
            }
            int step = size == Short.BYTES ? 1 : size;
            for (int done = 0; done < size; done += step) {
                write(address + done, bytes, done, step);
            }
        }

        @Override
        public void read(long address, byte[] target, int offset, int length) {
            guest.run();
            whole.read(whole.translateUser(address, length), target, offset, length);
        }

        @Override
        public void write(long address, byte[] source, int offset, int length) {
            guest.run();
            whole.write(whole.translateUser(address, length), source, offset, length);
        }
    }
}
