/**
 * Snapshots of VMs on disk. A bundle is a private directory: {@code manifest.json}, {@code device-state}, {@code memory} and {@code disks/}, all
 * of one instant. It is written under a name that is nobody's ({@code .vmette-new-} and something random) with a lock on the directory, synced, and
 * renamed into place: a bundle that can be seen is whole, and what has no lock under such a name is left over and goes with the next look into the store.
 *
 * <p>What a guest writes to a disk is in a {@link vmette.snapshot.DiskChain}, of which bundles have links to files that are not written to any more.
 *
 * <p>The manifest says what has to run it and how long and what each file is: SHA-256 of the state and of itself, CRC32C of each MiB of
 * memory and disks. They find damage, not malice: bundles are trusted input in a directory that belongs to one user. What is read here
 * is refused with {@code RestoreFailedException} before a VM is started, what cannot be written with {@code SaveFailedException}.
 */
package vmette.snapshot;
