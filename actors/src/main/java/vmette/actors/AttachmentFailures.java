package vmette.actors;

import vmette.errors.AttachException;
import vmette.errors.AttachException.Reason;
import vmette.errors.VmetteException;
import vmette.errors.VsockException;
import vmette.guest.protocol.AgentFrame;

/** What a client is told of an attachment that the agent refused or that did not last. */
final class AttachmentFailures {
    // errno-base.h and errno.h, as the guest protocol uses them
    private static final int ESRCH = 3;
    private static final int EINVAL = 22;
    private static final int ERANGE = 34;

    private AttachmentFailures() {}

    /**
     * @param what the output, in words
     */
    static VmetteException of(AgentFrame.Attached news, long from, String what) {
        return switch (news.state()) {
            case REFUSED -> refused(news, from, what);
            case TAKEN_OVER ->
                new AttachException(
                        Reason.TAKEN_OVER, "another client has attached to " + what + ", which has one at a time");
            case RELEASED -> released(what);
            case BROKEN ->
                new VsockException("the attachment to " + what + " broke at byte " + news.offset()
                        + ": attach again from the first byte that was not received");
            case ATTACHED, ENDED -> throw new IllegalArgumentException(news.state() + " is no failure");
        };
    }

    static AttachException released(String what) {
        return new AttachException(Reason.RELEASED, "the command was released: " + what + " is gone");
    }

    private static VmetteException refused(AgentFrame.Attached news, long from, String what) {
        return switch (news.errno()) {
            case ESRCH ->
                new AttachException(
                        Reason.UNKNOWN, "there is no " + what + ": the guest's agent does not know the command");
            case EINVAL ->
                new AttachException(
                        Reason.NOT_KEPT,
                        "there is no " + what
                                + ": it was not asked for, was merged or discarded, or the command is not detached");
            case ERANGE ->
                new AttachException(
                        Reason.BEYOND_END,
                        "cannot attach to " + what + " from byte " + from + ": it has " + news.offset()
                                + " bytes so far");
            default -> new VsockException("the guest's agent refused to attach to " + what + ": errno " + news.errno());
        };
    }
}
