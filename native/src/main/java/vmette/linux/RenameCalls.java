package vmette.linux;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/** Apart from {@link LibC}, since only an installation needs it. */
final class RenameCalls {
    static {
        Native.register(RenameCalls.class, NativeLibrary.getProcess());
    }

    private RenameCalls() {}

    static native int renameat2(int oldDirectory, long oldPath, int newDirectory, long newPath, int flags);
}
