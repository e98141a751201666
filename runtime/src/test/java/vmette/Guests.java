package vmette;

import static org.assertj.core.api.Assertions.assertThat;

import akka.Done;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.util.ByteString;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import vmette.config.ExecSpec;

/** What whole-VM tests do again and again. */
final class Guests {
    /** Generous: a loaded machine under TCG is slow, and a test that hangs still ends. */
    static final long DEADLINE_SECONDS = 240;

    private Guests() {}

    /** What a command left behind. */
    record Result(ExitStatus status, String stdout, String stderr) {}

    static <T> T await(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (TimeoutException e) {
            throw new AssertionError("nothing happened within " + DEADLINE_SECONDS + " s", e);
        }
    }

    static Result run(Vmette vmette, VmHandle vm, ExecSpec spec) {
        return run(vmette, vm, spec, Source.empty());
    }

    static Result run(Vmette vmette, VmHandle vm, ExecSpec spec, Source<ByteString, ?> stdin) {
        Execution execution = vm.exec(spec);
        if (spec.stdin()) {
            stdin.runWith(execution.stdin(), vmette.system());
        }
        CompletionStage<String> out = spec.stdout() ? text(vmette, execution.stdout()) : none();
        CompletionStage<String> err = spec.stderr() ? text(vmette, execution.stderr()) : none();
        return new Result(await(execution.status()), await(out), await(err));
    }

    static Result sh(Vmette vmette, VmHandle vm, String commandLine) {
        return run(vmette, vm, ExecSpec.shell(commandLine));
    }

    /** What a command line that succeeds writes to its standard output. */
    static String out(Vmette vmette, VmHandle vm, String commandLine) {
        Result result = sh(vmette, vm, commandLine);
        assertThat(result.status().isSuccess()).as(result.toString()).isTrue();
        return result.stdout();
    }

    static CompletionStage<String> text(Vmette vmette, Source<ByteString, ?> source) {
        return source.runWith(Sink.fold(ByteString.emptyByteString(), ByteString::concat), vmette.system())
                .thenApply(bytes -> bytes.decodeString(StandardCharsets.UTF_8));
    }

    private static CompletionStage<String> none() {
        return java.util.concurrent.CompletableFuture.completedStage("");
    }

    /** Puts the tests' own program into a guest as /tmp/vsock-probe. */
    static void uploadProbe(Vmette vmette, VmHandle vm) {
        upload(vmette, vm, "vsock-probe");
    }

    /** Puts a program that was built from src/test/c into a guest's /tmp. */
    static void upload(Vmette vmette, VmHandle vm, String name) {
        byte[] program;
        try (InputStream in = Guests.class.getResourceAsStream("/" + name)) {
            program = in.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        Result uploaded = run(
                vmette,
                vm,
                ExecSpec.shell("cat > /tmp/" + name + " && chmod 755 /tmp/" + name),
                Source.single(ByteString.fromArray(program)));
        if (!uploaded.status().isSuccess()) {
            throw new IllegalStateException(name + " could not be uploaded: " + uploaded);
        }
    }

    /** The same random bytes for the same seed, in chunks of uneven size. */
    static Source<ByteString, ?> randomBytes(long seed, long count) {
        return Source.unfold(new RandomState(new Random(seed), count), state -> {
            if (state.left() == 0) {
                return java.util.Optional.empty();
            }
            int size = (int) Math.min(state.left(), 1 + state.random().nextInt(100_000));
            byte[] bytes = new byte[size];
            state.random().nextBytes(bytes);
            return java.util.Optional.of(akka.japi.Pair.create(
                    new RandomState(state.random(), state.left() - size), ByteString.fromArrayUnsafe(bytes)));
        });
    }

    private record RandomState(Random random, long left) {}

    /** Hashes what passes by. */
    static Sink<ByteString, CompletionStage<String>> sha256() {
        return Sink.<MessageDigest, ByteString>fold(digest(), (digest, bytes) -> {
                    bytes.getByteBuffers().forEach(digest::update);
                    return digest;
                })
                .mapMaterializedValue(
                        done -> done.thenApply(digest -> HexFormat.of().formatHex(digest.digest())));
    }

    static String sha256Of(Vmette vmette, Source<ByteString, ?> source) {
        return await(source.runWith(sha256(), vmette.system()));
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static CompletionStage<Done> ignore(Vmette vmette, Source<ByteString, ?> source) {
        return source.runWith(Sink.ignore(), vmette.system());
    }
}
