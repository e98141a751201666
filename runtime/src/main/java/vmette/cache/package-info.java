/**
 * The cache directory as its owner sees it: what is in it, what may go, and its going. Everything that knows the layout from the outside is here;
 * those who keep things there say it in their own packages.
 *
 * <p>Nothing goes that somebody uses. While something is removed {@link vmette.rootfs.CacheUse} keeps everybody from gathering files, and what VMs
 * have (images, downloads, initramfs, kernels) is known by its lock. Each removal is an unlink or a rename, so that a killed prune leaves a
 * cache that can be used.
 */
package vmette.cache;
