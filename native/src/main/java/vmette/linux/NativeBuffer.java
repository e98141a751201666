package vmette.linux;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.LongToIntFunction;

/**
 * Memory for the kernel's structures, laid out by hand. The garbage collector owns it: keep this object in a field of
 * whoever passes the address to the kernel. A direct buffer instead of JNA's {@code Memory}: no cleaner thread, and its
 * accessors are intrinsics.
 */
final class NativeBuffer {
    final ByteBuffer bytes;
    final long address;

    NativeBuffer(int size) {
        bytes = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
        address = Pointer.nativeValue(Native.getDirectBufferPointer(bytes));
    }

    /** Makes a call that takes the address; keeps the memory alive meanwhile. For buffers that no field holds. */
    int during(LongToIntFunction call) {
        try {
            return call.applyAsInt(address);
        } finally {
            Reference.reachabilityFence(this);
        }
    }
}
