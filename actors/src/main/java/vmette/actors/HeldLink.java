package vmette.actors;

import java.util.ArrayList;
import java.util.List;
import vmette.guest.protocol.HostFrame;

/**
 * The way of one command's actor to its agent, over one link after another. While the VM is being saved what is sent would be lost with the link: it waits for the end of the save. Not for
 * several threads.
 */
final class HeldLink {
    private AgentLink link;
    private boolean held;
    private List<HostFrame> waiting = List.of();

    HeldLink(AgentLink link) {
        this.link = link;
    }

    /** Now, or when the save is over. */
    void send(HostFrame frame) {
        if (held) {
            waiting.add(frame);
        } else {
            link.send(frame);
        }
    }

    /** Now or never. */
    void sendNow(HostFrame frame) {
        link.send(frame);
    }

    boolean isHeld() {
        return held;
    }

    boolean hasWaiting() {
        return !waiting.isEmpty();
    }

    void hold() {
        if (!held) {
            held = true;
            waiting = new ArrayList<>();
        }
    }

    /** The link is still the same: the VM was not saved. */
    void goOn() {
        goOn(link);
    }

    /** The VM was saved, and its agent is spoken to over another link. */
    void goOn(AgentLink other) {
        link = other;
        held = false;
        waiting.forEach(link::send);
        waiting = List.of();
    }
}
