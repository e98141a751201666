package vmette.linux;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/** What terminals need of libc; apart from {@link LibC}, since each function of a class that is registered costs every start. */
final class TerminalCalls {
    static {
        Native.register(TerminalCalls.class, NativeLibrary.getProcess());
    }

    private TerminalCalls() {}

    static native int isatty(int fd);

    static native int tcgetattr(int fd, long termios);

    static native int tcsetattr(int fd, int when, long termios);

    static native void cfmakeraw(long termios);

    /** Its third argument is passed like a named one by the x86-64 and aarch64 conventions. */
    static native int ioctl(int fd, long request, long argument);
}
