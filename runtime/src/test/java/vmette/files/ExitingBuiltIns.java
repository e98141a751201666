package vmette.files;

import akka.NotUsed;
import akka.actor.typed.ActorSystem;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.util.concurrent.CompletableFuture;
import vmette.stream.SystemStreams;

/** Files of a guest whose built-ins succeed as soon as their streams have ended. */
final class ExitingBuiltIns {
    private ExitingBuiltIns() {}

    /** Operations with that output. */
    static GuestFiles writing(Source<ByteString, NotUsed> output, ActorSystem<?> system) {
        return files(
                spec -> {
                    CompletableFuture<Void> ended = new CompletableFuture<>();
                    Source<ByteString, NotUsed> watched = output.watchTermination((none, done) -> {
                        done.whenComplete((ok, failure) -> ended.complete(null));
                        return none;
                    });
                    FakeBuiltIns.Fake fake = new FakeBuiltIns(watched, "").run(spec);
                    ended.minimalCompletionStage().thenAccept(over -> fake.exit(0));
                    return fake;
                },
                system);
    }

    /** Operations that take all they are given. */
    static GuestFiles reading(ActorSystem<?> system) {
        return files(
                spec -> {
                    FakeBuiltIns.Fake fake = new FakeBuiltIns(Source.empty(), "").run(spec);
                    fake.inputEnd.minimalCompletionStage().whenComplete((over, failure) -> fake.exit(0));
                    return fake;
                },
                system);
    }

    private static GuestFiles files(BuiltIns builtIns, ActorSystem<?> system) {
        return new GuestFiles("test", builtIns, new SystemStreams(CompletableFuture.completedStage(system)));
    }
}
