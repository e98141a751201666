package vmette.vsock;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import vmette.errors.VsockException;

/** Writes down what it is told; asks for more by itself if told to. */
class RecordingHandler implements VsockChannelHandler {
    final List<String> events = new ArrayList<>();
    final ByteArrayOutputStream received = new ByteArrayOutputStream();
    VsockChannel channel;
    VsockException cause;
    int autoRequest;

    static RecordingHandler demanding(int maxBytes) {
        RecordingHandler handler = new RecordingHandler();
        handler.autoRequest = maxBytes;
        return handler;
    }

    @Override
    public void onOpen(VsockChannel opened) {
        events.add("open");
        channel = opened;
        demand();
    }

    @Override
    public void onData(byte[] chunk) {
        if (chunk.length == 0) {
            throw new AssertionError("an empty chunk");
        }
        events.add("data " + chunk.length);
        received.writeBytes(chunk);
        demand();
    }

    private void demand() {
        if (autoRequest > 0) {
            channel.request(autoRequest);
        }
    }

    @Override
    public void onWritable() {
        events.add("writable");
    }

    @Override
    public void onEnd() {
        events.add("end");
    }

    @Override
    public void onOutputRefused() {
        events.add("refused");
    }

    @Override
    public void onClosed() {
        events.add("closed");
    }

    @Override
    public void onReset(VsockException why) {
        events.add("reset");
        cause = why;
    }

    boolean over() {
        return events.contains("closed") || events.contains("reset");
    }

    /** The events without those of data. */
    List<String> marks() {
        return events.stream().filter(event -> !event.startsWith("data")).toList();
    }
}
