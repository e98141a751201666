package vmette.group;

import java.util.Optional;
import vmette.config.fleet.VmPlan;

/**
 * What a tree of groups wants of its VMs. Whoever carries it out tells the tree later what came of it, never from within. Orders are numbered; each of a VM's
 * has a higher number than the one before.
 */
public interface Orders {
    /**
     * Why what runs is to end and begin anew.
     *
     * @param group the group that restarts; empty: the fleet's owner wants it
     * @param text what happened in it
     */
    record Because(Optional<String> group, String text) {
        /** The owner's word. */
        static final Because OWNER = new Because(Optional.empty(), "its owner had it restarted");

        /** What happened to others that it ends for; empty: its owner wants it. */
        public Optional<String> told() {
            return group.map(name -> "of its group " + name + ": " + text);
        }
    }

    /** Launches a VM of which there is nothing. */
    void launch(VmPlan vm, long order);

    /** Lets a VM that is held, or has failed, begin another incarnation. */
    void go(String vm, long order);

    /** Ends a VM's incarnation and keeps the VM. */
    void hold(String vm, long order, Because why);

    /** Has a VM that is there follow other settings of recovery. */
    void resupervise(VmPlan vm);

    /** Ends a VM for good. */
    void stop(String vm, Because why);
}
