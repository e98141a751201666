/**
 * Linux system calls, by JNA's direct mapping: the only place where {@code com.sun.jna} is used. Each wrapper names its
 * manual page and who owns descriptor and memory. Every descriptor has one owner and is closed once; EINTR is retried;
 * EAGAIN is a value; all else is a {@link vmette.linux.LinuxException}. Structures are laid out by hand in direct
 * buffers: no reflection at start-up. 64-bit x86 and ARM.
 *
 * <p>For the machine side only; nothing of it reaches a user.
 */
package vmette.linux;
