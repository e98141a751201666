package vmette.testkit;

import akka.util.ByteString;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongFunction;
import vmette.config.GuestSignal;
import vmette.errors.InvalidConfigException;

/**
 * What a program in a guest of the test kit does, step by step; one that has come to its end exits with 0. Immutable: each method gives a longer one, and the static
 * ones of the same names begin one. What it writes goes at its reader's pace, as through a pipe of 64 KiB.
 *
 * <p>The program that serves a connection to a port ({@link VmetteTestKit#onVsock}, {@link VmetteTestKit#onTcp}) is one as well: the connection is its input and
 * output, its end the end of its bytes, and an exit status other than 0 a reset.
 *
 * <p>Functions run on the kit's thread: they must neither block nor take long. One that throws ends the program with status 70, and says why on its standard error.
 */
public final class Script {
    private static final Script EMPTY = new Script(List.of());

    private final List<Step> steps;

    private Script(List<Step> steps) {
        this.steps = steps;
    }

    List<Step> steps() {
        return steps;
    }

    private Script and(Step step) {
        List<Step> longer = new ArrayList<>(steps);
        longer.add(step);
        return new Script(List.copyOf(longer));
    }

    /** Begins with nothing; alone, a program that exits with 0. */
    public static Script script() {
        return EMPTY;
    }

    /** A program that writes to its standard output. */
    public static Script print(String text) {
        return EMPTY.thenPrint(text);
    }

    /** A program that exits. */
    public static Script exit(int status) {
        return EMPTY.thenExit(status);
    }

    /** A program that does nothing until a signal ends it, or its VM. */
    public static Script forever() {
        return EMPTY.and(new Step.Stay());
    }

    /** A program that copies its input to its output, as {@code cat} does; on a port, an echo. */
    public static Script cat() {
        return EMPTY.thenCat();
    }

    /** A program that reads all of its input and goes on as a function of it says. */
    public static Script reading(Function<ByteString, Script> then) {
        return EMPTY.thenRead(then);
    }

    /** Writes to the standard output. */
    public Script thenPrint(String text) {
        return thenPrint(ByteString.fromString(text));
    }

    /** Writes to the standard output. */
    public Script thenPrint(ByteString bytes) {
        return and(new Step.Print(false, bytes));
    }

    /**
     * Writes to the standard output what a function makes, each when there is room for it.
     *
     * @param count how many, not negative
     * @param made of the numbers from 0
     */
    public Script thenPrintEach(long count, LongFunction<String> made) {
        if (count < 0) {
            throw new InvalidConfigException("a script cannot print " + count + " times: from 0 on");
        }
        return and(new Step.PrintEach(count, Objects.requireNonNull(made, "made")));
    }

    /** Writes to the standard error. */
    public Script thenStderr(String text) {
        return and(new Step.Print(true, ByteString.fromString(text)));
    }

    /** Lets time pass, not negative. */
    public Script thenPause(Duration duration) {
        if (duration.isNegative()) {
            throw new InvalidConfigException("a script cannot pause for " + duration + ": time does not go back");
        }
        return and(new Step.Pause(duration));
    }

    /** Copies the standard input to the standard output until its end. */
    public Script thenCat() {
        return and(new Step.Copy());
    }

    /** Answers each line of the standard input with what a function makes of it, and a line end, until its end. */
    public Script thenAnswer(Function<String, String> answers) {
        return and(new Step.Answer(Objects.requireNonNull(answers, "answers")));
    }

    /** Reads all of the standard input and goes on as a function of it says; the steps after this one follow. */
    public Script thenRead(Function<ByteString, Script> then) {
        return and(new Step.Read(Objects.requireNonNull(then, "then")));
    }

    /**
     * Dials a vsock port of the host as {@code vsock-send} does, sends text and waits until the host has ended its side; where nobody listens the program exits with 1.
     *
     * @param port 1 to 2^31-1
     */
    public Script thenVsockSend(int port, String text) {
        if (port < 1) {
            throw new InvalidConfigException("there is no vsock port " + port + " to send to: 1 to 2^31-1");
        }
        return and(new Step.Send(port, ByteString.fromString(text)));
    }

    /**
     * Writes a file of the guest's, whole; directories above it are made.
     *
     * @param path absolute
     */
    public Script thenSave(String path, String text) {
        if (!path.startsWith("/")) {
            throw new InvalidConfigException("a script cannot save to " + path + ": give an absolute path");
        }
        return and(new Step.Save(path, ByteString.fromString(text)));
    }

    /** Does something to the VM it runs in: {@code script().then(TestVm::crash)}. */
    public Script then(Consumer<TestVm> action) {
        return and(new Step.Act(Objects.requireNonNull(action, "action")));
    }

    /**
     * Exits.
     *
     * @param status 0 to 255
     */
    public Script thenExit(int status) {
        if (status < 0 || status > 255) {
            throw new InvalidConfigException("there is no exit status " + status + ": 0 to 255");
        }
        return and(new Step.End(status, 0));
    }

    /** Is ended by a signal. */
    public Script thenDie(GuestSignal signal) {
        return and(new Step.End(0, signal.number()));
    }

    /** Does nothing until a signal ends it, or its VM. */
    public Script thenForever() {
        return and(new Step.Stay());
    }
}
