package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;
import org.slf4j.WorkingMdc;

/** For how long the log has a VM's name: threads are shared by all of them. */
class VmMdcTest {
    @BeforeAll
    static void haveOne() {
        WorkingMdc.install();
    }

    @Test
    void theNameIsThereForTheActionAndNoLonger() throws Exception {
        assertThat(VmMdc.within("web", () -> MDC.get(VmMdc.VM))).isEqualTo("web");
        assertThat(MDC.get(VmMdc.VM)).isNull();
    }

    @Test
    void norDoesItOutliveAnActionThatFails() {
        assertThatThrownBy(() -> VmMdc.within("web", () -> {
                    throw new IllegalStateException(MDC.get(VmMdc.VM));
                }))
                .hasMessage("web");
        assertThat(MDC.get(VmMdc.VM)).isNull();
    }
}
