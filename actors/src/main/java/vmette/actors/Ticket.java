package vmette.actors;

import java.util.concurrent.CompletionStage;

/** A command as its caller and its actor share it, of whatever kind. Thread-safe. */
public sealed interface Ticket permits CommandTicket, DetachedTicket {
    /** The execution's number on the guest link. */
    long id();

    /** The command in words, for messages. */
    String description();

    /** Settled once with what became of it. */
    CompletionStage<?> outcome();

    /** Breaks what promises are still open. */
    void fail(Throwable failure);
}
