package org.slf4j;

import org.slf4j.helpers.BasicMDCAdapter;

/** slf4j-simple has no MDC; this gives it one for the rest of the JVM's life. */
public final class WorkingMdc {
    private WorkingMdc() {}

    public static void install() {
        MDC.setMDCAdapter(new BasicMDCAdapter());
    }
}
