/**
 * What a VM boots: the kernel, its modules, and the initramfs that carries the agent.
 *
 * <p>{@link vmette.guest.GuestAssets} is the way in. It takes what the user brought (a kernel, an initramfs, modules), gets
 * from Debian what is missing, and yields a {@link vmette.guest.GuestKernel}: two files that a VMM can be started with.
 * The agent always comes along, in an archive appended to the user's initramfs or in an initramfs made around busybox.
 *
 * <p>Everything made or fetched is kept in a cache directory, which has to be private to the user and may be deleted
 * whenever no VM is running:
 *
 * <pre>
 *   guest/kernel-VERSION/      a kernel, the modules a VM can need, manifest.properties
 *   guest/busybox-VERSION/     busybox, the list of its applets, manifest.properties
 *   guest/current-kernel       a symbolic link to the one in use; likewise current-busybox
 *   guest/.lock                held by the process that fetches
 *   guest/.fetch-*             a fetch under way, or what a killed one has left
 *   initramfs/KEY.cpio         one for every set of inputs
 *   initramfs/KEY.lock, guest/kernel-VERSION/lock    held by those whose VMs have them
 * </pre>
 *
 * A directory or an archive gets its name in one rename when it is complete, so that whatever has a name can be used. Boots
 * after the first cost a few stats and two small files: what parses, unpacks or compresses is not even loaded then.
 *
 * <p>What is thrown is a {@link vmette.errors.VmetteException}: {@code InvalidConfigException} for what the user brought,
 * {@code VmetteIoException} for what the machine refused. The methods block, on files or on the network, and stop when their
 * thread is interrupted; they may be called from any thread and from several processes at once.
 */
package vmette.guest;
