package vmette.actors;

import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.MDC;

/** What the log has of a VM beside its lines: SLF4J's MDC. */
public final class VmMdc {
    /** The key in the MDC under which the name of the VM is that a line is about. */
    public static final String VM = "vm";

    private VmMdc() {}

    static Map<String, String> of(String vm) {
        return Map.of(VM, vm);
    }

    /** Does something of which every line in the log is about that VM. */
    static <R> R within(String vm, Callable<R> action) throws Exception {
        MDC.put(VM, vm);
        try {
            return action.call();
        } finally {
            MDC.remove(VM);
        }
    }
}
