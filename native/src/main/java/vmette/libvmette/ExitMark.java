package vmette.libvmette;

import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import vmette.errors.StartFailedException;
import vmette.errors.VmetteIoException;

/**
 * A file that exit(3) removes and a signal does not. A parent only learns a number, and 137 is what is left of a process that signal 9 has
 * killed as well as of one that has exited with the status of such a command. The function that exit(3) is told to call is
 * unlink(2) itself: no Java runs then.
 */
final class ExitMark {
    // The address is used when all else is over.
    private static ByteBuffer path;

    private ExitMark() {}

    /** Makes the file; once in a process, and before what is loaded later has a destructor registered that may crash. */
    static synchronized void set(Path file) {
        if (path != null) {
            throw new IllegalStateException("this process has a mark");
        }
        byte[] text = CText.of("the mark's path", file.toString());
        ByteBuffer kept = ByteBuffer.allocateDirect(text.length).put(text);
        NativeLibrary process = NativeLibrary.getProcess();
        // Itanium C++ ABI, 3.3.5: int __cxa_atexit(void (*f)(void *), void *p, void *d). atexit(3) itself is in no
        // shared library of Linux.
        Function atexit = process.getFunction("__cxa_atexit");
        Object[] arguments = {process.getFunction("unlink"), Native.getDirectBufferPointer(kept), null};
        try {
            Files.createFile(file);
        } catch (IOException e) {
            throw new VmetteIoException("cannot make " + file + ": " + e.getMessage(), e);
        }
        path = kept;
        if (atexit.invokeInt(arguments) != 0) {
            throw new StartFailedException("the C library has no room for a function to be called at exit");
        }
    }
}
