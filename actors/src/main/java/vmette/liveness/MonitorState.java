package vmette.liveness;

/**
 * What the host's kernel tells of a monitor's process, proc(5).
 *
 * @param state the letter of {@code /proc/PID/stat}: T is stopped by a signal, t held by a debugger
 * @param cpuTicks processor time of all its threads since it began, in ticks of {@value #TICK_MILLIS} ms
 */
public record MonitorState(char state, long cpuTicks) {
    /** USER_HZ is 100 on every Linux that runs these guests, proc(5). */
    public static final int TICK_MILLIS = 10;

    boolean isStopped() {
        return state == 'T' || state == 't';
    }
}
