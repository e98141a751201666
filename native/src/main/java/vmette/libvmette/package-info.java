/**
 * VMs through the C ABI that {@code vmette.h} describes: a binding of its 22 functions, and monitors made of it.
 *
 * <p>The library's {@code vmette_run} blocks as long as its VM lives, offers no way to stop it, prints the guest's output to the
 * standard output of its process, and may end that process instead of returning. So each VM has a process of its own: a JVM that
 * runs {@link vmette.libvmette.LibVmetteChild}, the only place where the library is loaded. What goes to and fro is files in a
 * private directory ({@code ChildFiles}), since descriptors would be inherited by whatever the library starts.
 *
 * <p>The binding and the child use nothing of Linux, so that both serve on macOS. {@code com.sun.jna} is allowed here beside
 * {@code vmette.linux}, which is libc and 64-bit Linux by its nature.
 */
package vmette.libvmette;
