package vmette.vsock;

import com.code_intelligence.jazzer.junit.FuzzTest;
import vmette.fuzz.ByteDice;

class MuxerFuzzTest {
    /** The input is the dice of a {@link HostilePlay}. */
    @FuzzTest
    void nothingIsThrownAndNothingGrowsWithoutBound(byte[] bytes) {
        ByteDice dice = new ByteDice(bytes);
        HostilePlay play = new HostilePlay(dice.nextInt());
        while (dice.more()) {
            if (dice.nextInt(3) == 0) {
                play.clientAction(dice);
            } else if (play.harness.muxer.mayReceive()) {
                play.hostilePacket(dice);
            }
            play.checkBounds();
        }
        play.end();
    }
}
