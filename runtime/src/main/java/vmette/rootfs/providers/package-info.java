/** The providers of root file systems that come with the runtime; {@link vmette.rootfs.providers.Rootfs} has them in their order. */
package vmette.rootfs.providers;
