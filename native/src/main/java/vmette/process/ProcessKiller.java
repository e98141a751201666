package vmette.process;

import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.linux.LinuxException;
import vmette.linux.PidFd;

/**
 * Kills a process that is no child of ours, and nobody who was given its pid meanwhile: a descriptor holds the process, then it is looked at again,
 * then the signal goes to the descriptor. A kernel without such descriptors (before 5.3, or filtered) is told once; the JDK's handle, which
 * compares the start time before it kills, leaves a few microseconds then.
 */
final class ProcessKiller {
    private static final Logger log = LoggerFactory.getLogger(ProcessKiller.class);

    private boolean pidfd;

    /** @param pidfd whether the kernel is to be asked for descriptors of processes */
    ProcessKiller(boolean pidfd) {
        this.pidfd = pidfd;
    }

    /**
     * Kills the process that has this pid, if it is the one that is meant.
     *
     * @param meant is asked when the process can no more be taken for another
     * @return whether it was there and was sent the signal
     */
    boolean kill(long pid, Predicate<SeenProcess> meant) {
        if (pidfd) {
            Optional<PidFd> opened;
            try {
                opened = PidFd.open(pid);
            } catch (LinuxException e) {
                log.warn(
                        "this kernel has no descriptors of processes ({}): leftovers are killed by pid",
                        e.getMessage());
                pidfd = false;
                return killByHandle(pid, meant);
            }
            try (PidFd process = opened.orElse(null)) {
                return process != null && isMeant(pid, meant) && process.kill();
            } catch (LinuxException e) {
                log.warn("cannot kill the process {}: {}", pid, e.getMessage());
                return isMeant(pid, meant);
            }
        }
        return killByHandle(pid, meant);
    }

    private static boolean killByHandle(long pid, Predicate<SeenProcess> meant) {
        // The handle first: it holds the start time of whoever is looked at next.
        Optional<ProcessHandle> handle = ProcessHandle.of(pid);
        if (handle.isEmpty() || !isMeant(pid, meant)) {
            return false;
        }
        handle.get().destroyForcibly();
        return true;
    }

    private static boolean isMeant(long pid, Predicate<SeenProcess> meant) {
        return SeenProcess.of(pid).filter(meant).isPresent();
    }
}
