package vmette.guest.protocol;

/** Writes the agent's frames; for those who play the agent. */
public final class AgentFrames {
    private AgentFrames() {}

    /** The frame with its length. */
    public static byte[] encode(AgentFrame frame) {
        if (frame instanceof AgentFrame.Hello hello) {
            return new FrameWriter(FrameType.AGENT_HELLO)
                    .u16(hello.version())
                    .str(hello.agent())
                    .finish();
        }
        if (frame instanceof AgentFrame.Ready ready) {
            return ready(new FrameWriter(FrameType.READY), ready).finish();
        }
        if (frame instanceof AgentFrame.Error error) {
            return new FrameWriter(FrameType.ERROR)
                    .u16(error.code())
                    .u32(error.errno())
                    .str(error.message())
                    .finish();
        }
        if (frame instanceof AgentFrame.Started started) {
            return new FrameWriter(FrameType.STARTED)
                    .u64(started.execution())
                    .u32(started.pid())
                    .finish();
        }
        if (frame instanceof AgentFrame.ExecFailed failed) {
            return new FrameWriter(FrameType.EXEC_FAILED)
                    .u64(failed.execution())
                    .u32(failed.errno())
                    .str(failed.message())
                    .finish();
        }
        if (frame instanceof AgentFrame.Pong pong) {
            return new FrameWriter(FrameType.PONG)
                    .u64(pong.nonce())
                    .u64(pong.ticks())
                    .u64(pong.uptime().toNanos())
                    .finish();
        }
        if (frame instanceof AgentFrame.Forwarded forwarded) {
            return new FrameWriter(FrameType.FORWARDED)
                    .u64(forwarded.forward())
                    .u32(forwarded.errno())
                    .finish();
        }
        if (frame instanceof AgentFrame.Attached attached) {
            return new FrameWriter(FrameType.ATTACHED)
                    .u64(attached.execution())
                    .u8(attached.stream().wire())
                    .bytes(attached.token().bytes())
                    .u8(attached.state().wire())
                    .u32(attached.errno())
                    .u64(attached.offset())
                    .u32(attached.ringBytes())
                    .finish();
        }
        if (frame instanceof AgentFrame.Restored restored) {
            AgentFrame.RestoreSteps took = restored.took();
            FrameWriter writer = new FrameWriter(FrameType.RESTORED)
                    .bytes(restored.instance().bytes())
                    .u64(WireTime.nanos(restored.wall()))
                    .u64(restored.stepped().toNanos())
                    .u64(took.clock().toNanos())
                    .u64(took.entropy().toNanos())
                    .u64(took.instance().toNanos())
                    .u64(took.hostname().toNanos())
                    .u64(took.environment().toNanos());
            return ready(writer, restored.ready()).finish();
        }
        AgentFrame.Exited exited = (AgentFrame.Exited) frame;
        return new FrameWriter(FrameType.EXITED)
                .u64(exited.execution())
                .u8(exited.kind().wire())
                .u32(exited.value())
                .u8(exited.oomKilled() ? 1 : 0)
                .finish();
    }

    private static FrameWriter ready(FrameWriter writer, AgentFrame.Ready ready) {
        return writer.u64(ready.bootTime().toNanos()).u64(ready.memoryBytes()).str(ready.kernel());
    }
}
