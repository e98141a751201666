package vmette.vsock;

import java.util.List;

/**
 * A handler that takes several chunks at a time, if it asks for them by {@link VsockChannel#requestChunks}. Any other handler, one that passes
 * its calls on to such a handler included, is called once with one chunk for each request, however it asks.
 */
public interface VsockChunksHandler extends VsockChannelHandler {
    /** May answer a {@link VsockChannel#requestChunks}: two or more chunks in order, each as in {@link #onData}; the list too is the handler's. */
    void onChunks(List<byte[]> chunks);
}
