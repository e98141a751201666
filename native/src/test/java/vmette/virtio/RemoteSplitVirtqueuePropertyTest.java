package vmette.virtio;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import vmette.memory.GuestRam;
import vmette.memory.RemoteRam;

/** The same properties of rings in another process's private memory; fewer tries, since each access is a system call. */
class RemoteSplitVirtqueuePropertyTest extends SplitVirtqueuePropertyTest {
    @Override
    GuestRam ram(long address, long size) {
        return RemoteRam.create(address, size);
    }

    @Override
    @Property(tries = 20)
    void everyChainComesBackOnceWhateverTheTurns(
            @ForAll Random random, @ForAll boolean eventIdx, @ForAll @IntRange(max = 65535) int start) {
        super.everyChainComesBackOnceWhateverTheTurns(random, eventIdx, start);
    }

    @Override
    @Property(tries = 300)
    void hostileRingsEndInTheTwoExceptionsAfterABoundedWalk(
            @ForAll Random random, @ForAll boolean eventIdx, @ForAll boolean indirect) {
        super.hostileRingsEndInTheTwoExceptionsAfterABoundedWalk(random, eventIdx, indirect);
    }

    @Override
    @Property(tries = 50)
    void eventIndexSuppressesCallsAsTheModelSays(@ForAll Random random, @ForAll @IntRange(max = 65535) int start) {
        super.eventIndexSuppressesCallsAsTheModelSays(random, start);
    }
}
