package vmette.actors;

import java.util.function.UnaryOperator;
import vmette.config.fleet.VmPlan;

/** How a fleet's VMs are launched and told. Called by one actor. */
public interface FleetVms {
    /**
     * Begins a VM; a former one of that name has ended.
     *
     * @param refine gives the VM's supervision its place in the fleet
     * @return what becomes of it
     */
    VmTicket launch(VmPlan plan, UnaryOperator<Supervision> refine);

    /** Tells a VM that was launched here. */
    void tell(VmTicket vm, VmSupervisor.Command message);
}
