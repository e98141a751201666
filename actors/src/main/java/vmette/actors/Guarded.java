package vmette.actors;

import akka.actor.ActorInitializationException;
import akka.actor.typed.Behavior;
import akka.actor.typed.Signal;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What one actor throws is that actor's failure, whatever it is. Akka takes a {@link LinkageError} and a {@link StackOverflowError} for fatal: they pass
 * every supervisor, and by default the JVM is halted. Both come from one piece of code and leave the rest as it was, so here they become
 * exceptions. Of a JVM in want, an {@link OutOfMemoryError}, nothing is known any more: that is left to Akka.
 */
final class Guarded {
    /** An error that Akka would have taken for fatal. */
    private static final class Contained extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Contained(Error error) {
            super(error.toString(), error);
        }
    }

    private Guarded() {}

    /** What was thrown, by a failure as Akka tells it. */
    static Throwable thrown(Throwable failure) {
        boolean wrapped = failure instanceof Contained || failure instanceof ActorInitializationException;
        return wrapped && failure.getCause() != null ? thrown(failure.getCause()) : failure;
    }

    /** Whether more than one actor is concerned. */
    static boolean isFatal(Throwable thrown) {
        return thrown instanceof VirtualMachineError && !(thrown instanceof StackOverflowError);
    }

    /** Makes something, a behaviour in its constructor for instance. */
    static <T> T made(Supplier<T> making) {
        try {
            return making.get();
        } catch (LinkageError | StackOverflowError e) {
            throw new Contained(e);
        }
    }

    /** Does something that must not fail whoever has it done. */
    static void attempt(Runnable action, Consumer<Throwable> failed) {
        try {
            action.run();
        } catch (RuntimeException | Error e) {
            if (isFatal(e)) {
                throw e;
            }
            failed.accept(e);
        }
    }

    /** A behaviour that fails alone. */
    static <T> Receive<T> failing(Receive<T> inner) {
        return failing(inner, thrown -> {});
    }

    /** @param told what it fails with, before it does */
    static <T> Receive<T> failing(Receive<T> inner, Consumer<Throwable> told) {
        return new Receive<>() {
            @Override
            public Behavior<T> receiveMessage(T message) throws Exception {
                return contained(() -> inner.receiveMessage(message), told);
            }

            @Override
            public Behavior<T> receiveSignal(Signal signal) throws Exception {
                return contained(() -> inner.receiveSignal(signal), told);
            }
        };
    }

    /**
     * Does what a behaviour does with a message or a signal, so that it fails alone.
     *
     * @param told what it fails with, before it does
     */
    static <R> R contained(Callable<R> action, Consumer<Throwable> told) throws Exception {
        try {
            return action.call();
        } catch (LinkageError | StackOverflowError e) {
            told.accept(e);
            throw new Contained(e);
        } catch (Exception | Error e) {
            told.accept(e);
            throw e;
        }
    }

    /**
     * A behaviour that goes on, without what it was told when it threw.
     *
     * @param dropped told of that
     */
    static <T> Receive<T> resuming(Receive<T> inner, BiConsumer<T, Throwable> dropped) {
        return new Receive<>() {
            @Override
            public Behavior<T> receiveMessage(T message) {
                try {
                    return inner.receiveMessage(message);
                } catch (Exception | Error e) {
                    if (e instanceof Error error && isFatal(error)) {
                        throw error;
                    }
                    dropped.accept(message, e);
                    return Behaviors.same();
                }
            }

            @Override
            public Behavior<T> receiveSignal(Signal signal) throws Exception {
                return inner.receiveSignal(signal);
            }
        };
    }
}
