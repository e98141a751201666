package vmette.actors;

import vmette.errors.VsockException;
import vmette.vsock.VsockChannel;
import vmette.vsock.VsockChannelHandler;

/** Keeps the reason of a reset, ignores the rest. */
final class IgnoringHandler implements VsockChannelHandler {
    volatile VsockException reset;

    @Override
    public void onOpen(VsockChannel channel) {}

    @Override
    public void onData(byte[] chunk) {}

    @Override
    public void onWritable() {}

    @Override
    public void onEnd() {}

    @Override
    public void onOutputRefused() {}

    @Override
    public void onClosed() {}

    @Override
    public void onReset(VsockException cause) {
        reset = cause;
    }
}
