package vmette.vsock;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** A guest that sends anything at all, between clients that do anything they may. */
class HostilePacketFuzzTest {
    @Property(tries = 300)
    void nothingIsThrownAndNothingGrowsWithoutBound(@ForAll long seed) {
        Random random = new Random(seed);
        HostilePlay play = new HostilePlay(random.nextInt());
        for (int i = 0; i < 400; i++) {
            if (random.nextInt(3) == 0) {
                play.clientAction(random);
            } else if (play.harness.muxer.mayReceive()) {
                play.hostilePacket(random);
            }
            play.checkBounds();
        }
        play.end();
    }
}
