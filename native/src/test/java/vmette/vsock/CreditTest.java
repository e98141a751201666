package vmette.vsock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class CreditTest {
    private static final int ALLOC = 1000;

    @Property
    void theSenderNeverExceedsThePeersBuffer(
            @ForAll @IntRange(min = -3000, max = 3000) int start,
            @ForAll @Size(max = 60) List<@IntRange(max = 400) Integer> steps) {
        SendCredit credit = new SendCredit(start);
        credit.update(ALLOC, start);
        long sent = 0;
        long read = 0;
        for (int step : steps) {
            int count = Math.min(step, credit.available());
            credit.sent(count);
            sent += count;
            assertThat(sent - read).isLessThanOrEqualTo(ALLOC);
            if (step % 3 == 0) {
                read += Math.min(step, sent - read);
                credit.update(ALLOC, start + (int) read);
            }
            assertThat((long) credit.available()).isLessThanOrEqualTo(ALLOC - (sent - read));
        }
    }

    @Example
    void nonsenseGivesNoCredit() {
        SendCredit credit = new SendCredit(0);
        credit.sent(10);
        credit.update(1000, 11);
        assertThat(credit.available()).isZero();
        credit.update(5, 0);
        assertThat(credit.available()).isZero();
        credit.update(-1, 10);
        assertThat(credit.available()).isEqualTo(Integer.MAX_VALUE);
    }

    @Property
    void theReceiverTakesExactlyWhatItAdvertised(
            @ForAll @IntRange(min = -3000, max = 3000) int start,
            @ForAll @Size(max = 60) List<@IntRange(max = 1200) Integer> steps) {
        ReceiveCredit credit = new ReceiveCredit(ALLOC, start);
        int held = 0;
        for (int step : steps) {
            boolean taken = credit.receive(step);
            assertThat(taken).isEqualTo(step <= ALLOC - held);
            held += taken ? step : 0;
            int forward = Math.min(held, step / 2);
            credit.forward(forward);
            held -= forward;
            assertThat(credit.outstanding()).isEqualTo(held);
        }
    }

    @Example
    void theUpdateIsDueAtAQuarterAndNotBefore() {
        ReceiveCredit credit = new ReceiveCredit(ALLOC, -1);
        credit.receive(749);
        credit.forward(749);
        assertThat(credit.updateDue()).as("more than a quarter is left").isFalse();
        credit.receive(1);
        assertThat(credit.updateDue()).isTrue();
        credit.told();
        assertThat(credit.updateDue()).as("nothing new to tell").isFalse();
    }

    @Example
    void aGuestThatSendsNoMoreThanItsOwnBufferHoldsIsToldBeforeThatIsUsedUp() {
        ReceiveCredit credit = new ReceiveCredit(ALLOC, -1);
        credit.limit(100);
        credit.receive(100);
        assertThat(credit.updateDue()).isFalse();
        credit.forward(30);
        assertThat(credit.updateDue()).isTrue();
        credit.told();
        assertThat(credit.updateDue()).isFalse();
        credit.limit(-1);
        credit.forward(70);
        assertThat(credit.updateDue()).as("all of ours counts again").isFalse();
    }

    @Example
    void aFullBufferIsToldOfTheFirstByteForwarded() {
        ReceiveCredit credit = new ReceiveCredit(3, 0);
        credit.receive(3);
        assertThat(credit.updateDue()).isFalse();
        credit.forward(1);
        assertThat(credit.updateDue()).isTrue();
    }

    @Example
    void negativeLengthsAreRefused() {
        assertThat(new ReceiveCredit(ALLOC, 0).receive(-1)).isFalse();
    }
}
