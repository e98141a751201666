package example;

import akka.Done;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import akka.stream.javadsl.Sink;
import java.util.concurrent.CompletionStage;
import vmette.Execution;
import vmette.VmHandle;
import vmette.Vmette;
import vmette.config.VmSpec;

/** The README's ten lines as a program of its own, in an ActorSystem of its own. */
public final class FirstLight {
    private FirstLight() {}

    public static void main(String[] args) {
        ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "example");
        try {
            firstLight(system);
        } finally {
            system.terminate();
        }
    }

    private static void firstLight(ActorSystem<Void> system) {
        // README: begin
        try (Vmette vmette = Vmette.create(system)) {
            VmSpec spec = VmSpec.builder().memoryMib(256).env("WHO", "an agent").build();
            VmHandle vm = vmette.launch(spec).toCompletableFuture().join();
            Execution command = vm.exec("uname -sr; echo hello from $WHO");
            CompletionStage<Done> printed = command.stdout()
                    .map(bytes -> bytes.utf8String())
                    .runWith(Sink.foreach(System.out::print), system);
            int code = command.status().toCompletableFuture().join().code();
            printed.toCompletableFuture().join();
            System.out.println("exit code " + code);
        }
        // README: end
    }
}
