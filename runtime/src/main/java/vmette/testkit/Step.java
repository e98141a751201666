package vmette.testkit;

import akka.util.ByteString;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;

/** One step of a {@link Script}. */
sealed interface Step {
    /** Writes bytes. */
    record Print(boolean error, ByteString bytes) implements Step {}

    /** Writes what is made one at a time, as there is room for it. */
    record PrintEach(long count, LongFunction<String> made) implements Step {}

    /** Lets time pass. */
    record Pause(Duration duration) implements Step {}

    /** Copies input to output until its end. */
    record Copy() implements Step {}

    /** Answers each line of input until its end. */
    record Answer(Function<String, String> answers) implements Step {}

    /** Goes on with what all of the input leads to. */
    record Read(Function<ByteString, Script> then) implements Step {}

    /** Dials a port of the host, sends, and waits until the host has ended its side. */
    record Send(int port, ByteString bytes) implements Step {}

    /** Writes a file. */
    record Save(String path, ByteString bytes) implements Step {}

    /** Does something to the VM. */
    record Act(Consumer<TestVm> action) implements Step {}

    /** Ends, by status or signal. */
    record End(int status, int signal) implements Step {}

    /** Never ends by itself. */
    record Stay() implements Step {}
}
