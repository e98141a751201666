/**
 * Split virtqueues, device side (Virtual I/O Device 1.2, section 2.7). The driver lays buffers out as chains in the
 * descriptor table and names their heads in the available ring; {@link vmette.virtio.SplitVirtqueue#pop} takes a chain,
 * the device copies from or into it and returns it by {@link vmette.virtio.SplitVirtqueue#push}; {@link
 * vmette.virtio.SplitVirtqueue#publish} shows a batch of returned chains to the driver in the used ring and says whether
 * it wants a call. The driver is hostile until proven otherwise: a chain is read once, checked, and used from the copy.
 */
package vmette.virtio;
