package vmette.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import vmette.errors.BadImageException;
import vmette.errors.VmLostException;

class CalledOffTest {
    private final CalledOff work = new CalledOff("it was called off", VmLostException::new);

    @Test
    void whatIsUnderWayIsInterrupted() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<Boolean> interruptedAfter = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                work.during(() -> {
                    begun.countDown();
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new IllegalStateException("interrupted", e);
                    }
                    return 1;
                });
            } catch (VmLostException e) {
                interruptedAfter.complete(Thread.currentThread().isInterrupted());
            }
        });
        thread.start();
        begun.await();
        work.callOff();
        assertThat(interruptedAfter.get(60, TimeUnit.SECONDS)).isFalse();
        thread.join();
    }

    @Test
    void whatHasNotBegunDoesNot() {
        work.callOff();
        assertThatThrownBy(() -> work.during(() -> 1))
                .isInstanceOf(VmLostException.class)
                .hasMessage("it was called off");
        assertThatThrownBy(work::check).isInstanceOf(VmLostException.class);
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void whatIsOverIsNotInterrupted() {
        assertThat(work.during(() -> 1)).isEqualTo(1);
        work.check();
        work.callOff();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void aFailureOfItsOwnIsToldAsItIs() {
        BadImageException own = new BadImageException("no image", null);
        assertThatThrownBy(() -> work.during(() -> {
                    throw own;
                }))
                .isSameAs(own);
    }
}
