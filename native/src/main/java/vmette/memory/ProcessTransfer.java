package vmette.memory;

import vmette.linux.Errno;
import vmette.linux.LinuxException;
import vmette.linux.ProcessMemory;

/** Says what the kernel refuses in this package's words. */
record ProcessTransfer(ProcessMemory memory) implements MemoryTransfer {
    @Override
    public long read(long address, int size) {
        try {
            return memory.read(address, size);
        } catch (LinuxException e) {
            throw failed(e);
        }
    }

    @Override
    public void write(long address, long value, int size) {
        try {
            memory.write(address, value, size);
        } catch (LinuxException e) {
            throw failed(e);
        }
    }

    @Override
    public void read(long address, byte[] target, int offset, int length) {
        try {
            memory.read(address, target, offset, length);
        } catch (LinuxException e) {
            throw failed(e);
        }
    }

    @Override
    public void write(long address, byte[] source, int offset, int length) {
        try {
            memory.write(address, source, offset, length);
        } catch (LinuxException e) {
            throw failed(e);
        }
    }

    private GuestMemoryException failed(LinuxException e) {
        return e.errno() == Errno.ESRCH
                ? new GuestMemoryLostException(
                        "process " + memory.pid() + " has ended, and the guest's memory with it", e)
                : new GuestMemoryException(
                        "the front-end has no memory where it said the guest's is: " + e.getMessage(), e);
    }
}
