package vmette.vsock;

/**
 * What happens to one connection. Called on the loop's thread, one call at a time; must neither block nor throw (a
 * Throwable resets this connection and nothing else). {@link #onClosed} or {@link #onReset} is the last call, exactly one of them
 * happens, unless {@link VsockChannel#reset} was called: then nothing more is called.
 */
public interface VsockChannelHandler {
    /** The connection is established. First call, once. */
    void onOpen(VsockChannel channel);

    /** Answers one {@link VsockChannel#request}; the array is the handler's own, all of it is payload: some bytes of a stream, or one message. */
    void onData(byte[] chunk);

    /** See {@link VsockChannel#write}. */
    void onWritable();

    /** The guest sends no more, and every byte it sent has been delivered: end of file. Needs no demand. */
    void onEnd();

    /** The guest takes no more bytes; queued ones were dropped. */
    void onOutputRefused();

    /** Both directions ended in an orderly way. */
    void onClosed();

    /**
     * Refused, timed out, reset by the guest, or torn down with the VM.
     *
     * @param cause says which, and of which connection
     */
    void onReset(vmette.errors.VsockException cause);
}
