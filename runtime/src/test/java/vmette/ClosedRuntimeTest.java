package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import vmette.config.RuntimeSettings;
import vmette.config.VmSpec;
import vmette.errors.VmLostException;

/** After its end a runtime still answers: nobody may wait for a registry that is not there any more. */
class ClosedRuntimeTest {
    private static Vmette closed() {
        Vmette vmette = Vmette.create(RuntimeSettings.from(ConfigFactory.load()));
        vmette.close();
        return vmette;
    }

    private static void isLost(CompletionStage<?> stage) {
        assertThatThrownBy(() -> stage.toCompletableFuture().get(30, TimeUnit.SECONDS))
                .hasCauseInstanceOf(VmLostException.class);
    }

    @Test
    void aLaunchFails() {
        isLost(closed().launch(VmSpec.builder().build()));
    }

    @Test
    void aRunFails() {
        isLost(closed().run(VmSpec.builder().exec("true").build()));
    }

    @Test
    void theHandleOfAVmThatNeverBootedAnswers() {
        AtomicReference<VmHandle> handle = new AtomicReference<>();
        Vmette vmette = Vmette.create(RuntimeSettings.from(ConfigFactory.load()));
        CompletionStage<VmHandle> launched = vmette.launch(VmSpec.builder().build(), vm -> {
            handle.set(vm);
            throw new IllegalStateException("no ports");
        });
        assertThatThrownBy(() -> launched.toCompletableFuture().get(30, TimeUnit.SECONDS))
                .isNotNull();
        vmette.close();
        isLost(handle.get().exec("true").status());
        isLost(handle.get().ping());
        assertThat(handle.get().stop().toCompletableFuture()).isCompleted();
    }
}
