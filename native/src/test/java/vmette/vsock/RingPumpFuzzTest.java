package vmette.vsock;

import com.code_intelligence.jazzer.junit.FuzzTest;
import vmette.fuzz.ByteDice;

class RingPumpFuzzTest {
    /** The input is the dice of a guest that breaks its rings sooner or later. */
    @FuzzTest
    void aHostileGuestBreaksItsOwnRingsAtMost(byte[] bytes) {
        ByteDice dice = new ByteDice(bytes);
        try (HostileRings rings = new HostileRings(dice.nextInt(), dice.nextInt(0x10000), dice.nextBoolean())) {
            boolean whole = true;
            while (whole && dice.more()) {
                whole = rings.step(dice, true);
            }
            rings.end();
        }
    }
}
