/**
 * Whole-VM measurements, started by {@code bench/run}. What this runtime costs is the difference to the same QEMU without it: the
 * same binary, machine options, kernel, initramfs and modules, run alternately in one session.
 *
 * <p>Nothing of the other side is written down here. {@link vmette.bench.BareLine} takes the command line of a VM that the product
 * itself has just started and removes what only the product needs, so the two cannot drift apart.
 *
 * <p>Each sub-command yields a {@link vmette.bench.Report}, shown as a table and, with {@code --json}, written to a file.
 * Nothing imports this package.
 */
package vmette.bench;
