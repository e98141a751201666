/**
 * What a guest's root file system is made of: the interface of those who provide one, and what they give. Implementations are in
 * {@code vmette.rootfs.providers} of the runtime module and may be a user's own.
 */
package vmette.rootfs;
