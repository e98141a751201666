package vmette.vsock;

import java.util.Optional;
import vmette.virtio.DescriptorChain;

/**
 * A packet of the guest: its header, read once, and its payload, still in guest memory.
 *
 * @param lengthFits whether the chain really holds the payload that the header announces
 */
record VsockPacket(VsockHeader header, boolean lengthFits, Payload payload) {
    /**
     * Reads a packet from a TX chain.
     *
     * @param scratch holds {@link VsockHeader#BYTES} for the time of the call
     * @return empty if the chain holds less than a header: there is nobody to answer then
     */
    static Optional<VsockPacket> read(DescriptorChain chain, byte[] scratch) {
        int readable = chain.readableBytes();
        if (readable < VsockHeader.BYTES) {
            return Optional.empty();
        }
        chain.read(0, scratch, 0, VsockHeader.BYTES);
        VsockHeader header = VsockHeader.decode(scratch);
        boolean fits = Integer.toUnsignedLong(header.len()) <= readable - VsockHeader.BYTES;
        return Optional.of(new VsockPacket(
                header,
                fits,
                (offset, target, targetOffset, length) ->
                        chain.read(VsockHeader.BYTES + offset, target, targetOffset, length)));
    }
}
