package vmette.vsock;

import java.util.ArrayList;
import java.util.List;

/** As {@link RecordingHandler}, of several chunks at a time. */
final class RecordingChunksHandler extends RecordingHandler implements VsockChunksHandler {
    /** How many chunks came in each call that brought several. */
    final List<Integer> batches = new ArrayList<>();

    @Override
    public void onChunks(List<byte[]> chunks) {
        batches.add(chunks.size());
        chunks.forEach(this::onData);
    }
}
