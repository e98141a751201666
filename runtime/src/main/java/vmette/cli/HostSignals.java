package vmette.cli;

import java.lang.reflect.Proxy;

/**
 * Signals to this process. {@code sun.misc.Signal} is the only way to have them in Java, and javac warns of its every mention in a way that cannot be
 * suppressed: hence by reflection. It is in jdk.unsupported, which every JDK has.
 */
final class HostSignals {
    private HostSignals() {}

    /**
     * Runs this at each signal of the name, on a thread of the JVM's; for the rest of the process.
     *
     * @param name without SIG
     * @return false if this Java runtime cannot, or the signal is the JVM's own
     */
    static boolean onEach(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object proxy = Proxy.newProxyInstance(
                    HostSignals.class.getClassLoader(), new Class<?>[] {handler}, (self, method, arguments) -> {
                        return switch (method.getName()) {
                            case "handle" -> {
                                action.run();
                                yield null;
                            }
                            case "equals" -> self == arguments[0];
                            case "hashCode" -> System.identityHashCode(self);
                            default -> "handler of SIG" + name;
                        };
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
            return true;
        } catch (ReflectiveOperationException unavailable) {
            return false;
        }
    }
}
