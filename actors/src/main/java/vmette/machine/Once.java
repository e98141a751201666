package vmette.machine;

import java.util.Optional;
import java.util.function.Supplier;

/** What is found out the first time that it is asked for. Thread-safe; those who ask meanwhile wait. */
final class Once<T> implements Supplier<T> {
    private final Supplier<T> finding;
    private Optional<T> found = Optional.empty();

    Once(Supplier<T> finding) {
        this.finding = finding;
    }

    @Override
    public synchronized T get() {
        if (found.isEmpty()) {
            found = Optional.of(finding.get());
        }
        return found.get();
    }
}
