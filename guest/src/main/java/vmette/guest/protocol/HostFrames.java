package vmette.guest.protocol;

import vmette.errors.InvalidConfigException;

/** Writes the host's frames. */
public final class HostFrames {
    private HostFrames() {}

    /**
     * The frame with its length, ready to be sent.
     *
     * @throws InvalidConfigException when it is longer than {@link GuestProtocol#MAX_FRAME}
     */
    public static byte[] encode(HostFrame frame) {
        FrameWriter writer = write(frame);
        if (writer.length() > GuestProtocol.MAX_FRAME) {
            throw new InvalidConfigException("arguments and environment together take " + writer.length()
                    + " bytes and the guest's agent takes at most " + GuestProtocol.MAX_FRAME
                    + ": hand large data to the command through a file, a share or its stdin");
        }
        return writer.finish();
    }

    private static FrameWriter write(HostFrame frame) {
        if (frame instanceof HostFrame.Hello hello) {
            return new FrameWriter(FrameType.HELLO).u16(hello.version());
        }
        if (frame instanceof HostFrame.Boot boot) {
            return new FrameWriter(FrameType.BOOT)
                    .u8(boot.root().wire())
                    .str(boot.hostname())
                    .strings(boot.environment());
        }
        if (frame instanceof HostFrame.Exec exec) {
            return exec(exec);
        }
        if (frame instanceof HostFrame.Signal signal) {
            return new FrameWriter(FrameType.SIGNAL)
                    .u64(signal.execution())
                    .u32(signal.signal())
                    .u8(signal.group() ? 1 : 0);
        }
        if (frame instanceof HostFrame.Resize resize) {
            return window(new FrameWriter(FrameType.RESIZE).u64(resize.execution()), resize.window());
        }
        if (frame instanceof HostFrame.Ping ping) {
            return new FrameWriter(FrameType.PING).u64(ping.nonce());
        }
        if (frame instanceof HostFrame.Discard discard) {
            return new FrameWriter(FrameType.DISCARD)
                    .u64(discard.execution())
                    .u8(discard.stream().wire());
        }
        if (frame instanceof HostFrame.Forward forward) {
            return new FrameWriter(FrameType.FORWARD)
                    .u64(forward.forward())
                    .bytes(forward.token().bytes())
                    .u16(forward.port());
        }
        if (frame instanceof HostFrame.Attach attach) {
            return new FrameWriter(FrameType.ATTACH)
                    .u64(attach.execution())
                    .u8(attach.stream().wire())
                    .bytes(attach.token().bytes())
                    .u64(attach.from());
        }
        if (frame instanceof HostFrame.Scratch scratch) {
            return new FrameWriter(FrameType.SCRATCH).str(scratch.serial());
        }
        if (frame instanceof HostFrame.Root root) {
            return new FrameWriter(FrameType.ROOT)
                    .u8((root.readOnly() ? 1 : 0) | (root.switchRoot() ? 2 : 0))
                    .str(root.type())
                    .str(root.source());
        }
        if (frame instanceof HostFrame.Share share) {
            return new FrameWriter(FrameType.SHARE).u8(share.readOnly() ? 1 : 0).str(share.tag());
        }
        if (frame instanceof HostFrame.Net net) {
            return new FrameWriter(FrameType.NET)
                    .bytes(net.address().bytes())
                    .u8(net.prefix())
                    .bytes(net.gateway().bytes())
                    .bytes(net.nameserver().bytes());
        }
        if (frame instanceof HostFrame.Trust trust) {
            return new FrameWriter(FrameType.TRUST).strings(trust.certificates());
        }
        if (frame instanceof HostFrame.Restore restore) {
            return new FrameWriter(FrameType.RESTORE)
                    .u64(WireTime.nanos(restore.wall()))
                    .bytes(restore.entropy().bytes())
                    .bytes(restore.instance().bytes())
                    .str(restore.hostname())
                    .strings(restore.environment());
        }
        if (frame instanceof HostFrame.Instance instance) {
            return new FrameWriter(FrameType.INSTANCE).bytes(instance.instance().bytes());
        }
        if (frame instanceof HostFrame.Release release) {
            return new FrameWriter(FrameType.RELEASE).u64(release.execution());
        }
        return new FrameWriter(FrameType.SHUTDOWN);
    }

    private static FrameWriter exec(HostFrame.Exec exec) {
        FrameWriter writer =
                new FrameWriter(FrameType.EXEC).u64(exec.execution()).u32(ExecFlag.bits(exec.flags()));
        stream(writer, exec.stdin());
        stream(writer, exec.stdout());
        stream(writer, exec.stderr());
        writer.u32(exec.outputGrace().toMillis())
                .u32(exec.killGrace().toMillis())
                .u32(exec.replayBytes());
        window(writer, exec.window())
                .str(exec.directory())
                .strings(exec.arguments())
                .strings(exec.environment());
        return exec.user().isEmpty() ? writer : writer.str(exec.user());
    }

    private static void stream(FrameWriter writer, StreamSetup stream) {
        writer.u8(stream.mode().wire()).bytes(stream.token().bytes());
    }

    private static FrameWriter window(FrameWriter writer, WindowSize window) {
        return writer.u16(window.rows()).u16(window.columns());
    }
}
