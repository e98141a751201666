package vmette.vhostuser;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import vmette.linux.LinuxException;
import vmette.linux.OwnedFd;
import vmette.linux.PeerCredentials;
import vmette.linux.ProcessMemory;
import vmette.memory.GuestMemory;
import vmette.memory.GuestMemoryException;
import vmette.memory.GuestMemorySource;
import vmette.memory.GuestRegion;
import vmette.memory.MappedGuestMemory;
import vmette.memory.RemoteGuestMemory;
import vmette.process.CowSupport;
import vmette.process.ProcessIdentity;
import vmette.process.ProcessMappings;

/**
 * How a front-end was told to map the guest's memory, and thus how a back-end reaches it. A table whose regions the
 * front-end has mapped the other way is refused: a back-end that maps the file of a private mapping sees nothing of what
 * the guest writes, and writes into the file that other VMs begin from.
 */
public enum GuestMemoryAccess implements Function<PeerCredentials, GuestMemorySource> {
    /** {@code share=on}: this process maps the files it is sent. Unchecked where the kernel does not let us look. */
    SHARED {
        @Override
        public GuestMemorySource apply(PeerCredentials peer) {
            return (regions, files) -> {
                mappingsOf(peer).ifPresent(mappings -> {
                    for (GuestRegion region : regions) {
                        requireNonePrivate(region, mappings.covering(region.userAddress(), region.size()));
                    }
                });
                return MappedGuestMemory.open(regions, files);
            };
        }
    },

    /**
     * {@code share=off}: this process reads and writes the front-end's memory and maps nothing; the front-end must be a
     * child of ours that we may trace, see {@link CowSupport}.
     */
    PRIVATE {
        @Override
        public GuestMemorySource apply(PeerCredentials peer) {
            GuestMemorySource source = RemoteGuestMemory.in(open(peer.pid()));
            return new GuestMemorySource() {
                @Override
                public GuestMemory open(List<GuestRegion> regions, List<OwnedFd> files) {
                    ProcessMappings mappings = mappingsOf(peer)
                            .orElseThrow(() -> new GuestMemoryException("/proc/" + peer.pid()
                                    + "/maps cannot be read: whether the guest's memory is private is not known"));
                    for (GuestRegion region : regions) {
                        requirePrivate(region, mappings.covering(region.userAddress(), region.size()));
                    }
                    return source.open(regions, files);
                }

                @Override
                public void close() {
                    source.close();
                }
            };
        }
    };

    /**
     * What to do with a front-end that was let in.
     *
     * @return to be closed when it has gone
     * @throws GuestMemoryException if it is no child of ours, or its memory is not to be had
     */
    @Override
    public abstract GuestMemorySource apply(PeerCredentials peer);

    private static ProcessMemory open(long pid) {
        ProcessIdentity child = child(pid)
                .orElseThrow(() -> new GuestMemoryException(
                        "the front-end, process " + pid + ", is no child of this one: its memory is not looked at"));
        ProcessMemory memory;
        try {
            memory = ProcessMemory.open(pid);
        } catch (LinuxException e) {
            throw new GuestMemoryException("private guest memory cannot be reached: " + CowSupport.why(e), e);
        }
        // from here on the descriptor says whose memory it is; that it was this child's is known only now
        if (!child(pid).equals(Optional.of(child))) {
            memory.close();
            throw new GuestMemoryException("the front-end, process " + pid + ", ended while it connected");
        }
        return memory;
    }

    private static Optional<ProcessIdentity> child(long pid) {
        long self = ProcessHandle.current().pid();
        return ProcessIdentity.of(pid).filter(found -> ProcessHandle.of(pid)
                .flatMap(ProcessHandle::parent)
                .map(parent -> parent.pid() == self)
                .orElse(false));
    }

    private static Optional<ProcessMappings> mappingsOf(PeerCredentials peer) {
        try {
            return Optional.of(ProcessMappings.of(peer.pid()));
        } catch (IOException notToBeSeen) {
            return Optional.empty();
        }
    }

    private static void requirePrivate(GuestRegion region, List<ProcessMappings.Mapping> covering) {
        if (covering.isEmpty()) {
            throw new GuestMemoryException(at(region) + " is not mapped by the front-end");
        }
        for (ProcessMappings.Mapping mapping : covering) {
            if (mapping.shared()) {
                throw new GuestMemoryException(at(region)
                        + " is mapped shared by the front-end, but was meant to be private (share=off): refused");
            }
            if (!mapping.writable()) {
                throw new GuestMemoryException(at(region) + " is mapped by the front-end, but not for writing");
            }
        }
    }

    private static void requireNonePrivate(GuestRegion region, List<ProcessMappings.Mapping> covering) {
        if (covering.stream().anyMatch(mapping -> !mapping.shared())) {
            throw new GuestMemoryException(at(region)
                    + " is mapped private by the front-end, but was meant to be shared (share=on): refused, since"
                    + " writing to its file could change what other VMs begin from");
        }
    }

    private static String at(GuestRegion region) {
        return "the guest's memory of " + region.size() + " bytes at user address 0x"
                + Long.toHexString(region.userAddress());
    }
}
