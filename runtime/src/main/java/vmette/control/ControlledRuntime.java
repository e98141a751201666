package vmette.control;

import akka.actor.ClassicActorSystemProvider;
import java.util.List;

/** A runtime as clients of its control socket see it. Thread-safe; nothing blocks. */
public interface ControlledRuntime {
    /** Where its streams run; it is up when the first VM is published. */
    ClassicActorSystemProvider system();

    /** What is known of its VMs that have names of their own, those that have ended and are still known included. */
    List<Facts> vms();

    /** What happens in it. */
    EventTail events();
}
