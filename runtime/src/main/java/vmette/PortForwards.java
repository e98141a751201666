package vmette;

import akka.Done;
import akka.actor.typed.ActorSystem;
import akka.io.Inet;
import akka.io.TcpSO;
import akka.stream.Materializer;
import akka.stream.javadsl.Keep;
import akka.stream.javadsl.Sink;
import akka.stream.javadsl.Source;
import akka.stream.javadsl.Tcp;
import java.net.BindException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import vmette.actors.VmTicket;
import vmette.config.ForwardSettings;
import vmette.config.PublishedPort;
import vmette.errors.Reasons;
import vmette.errors.VmLostException;
import vmette.errors.VmetteIoException;
import vmette.stream.GuestTcp;
import vmette.stream.SystemStreams;

/** The forwarded ports of one VM. They belong to the VM and not to an incarnation: each ends with it, or when it is closed. */
final class PortForwards {
    private static final String LOOPBACK = "127.0.0.1";

    private final VmTicket vm;
    private final GuestTcp tcp;
    private final ForwardSettings settings;
    private final SystemStreams system;
    private volatile List<PortForward> published = List.of();

    PortForwards(VmTicket vm, GuestTcp tcp, ForwardSettings settings, SystemStreams system) {
        this.vm = vm;
        this.tcp = tcp;
        this.settings = settings;
        this.system = system;
    }

    Source<PortForward.Connection, CompletionStage<PortForward>> source(PublishedPort ports) {
        return Source.fromMaterializer((materializer, attributes) -> bind(ports, materializer))
                .mapMaterializedValue(late -> late.thenCompose(Function.identity()));
    }

    private Source<PortForward.Connection, CompletionStage<PortForward>> bind(
            PublishedPort ports, Materializer materializer) {
        if (vm.ending().isDone()) {
            VmLostException gone = new VmLostException("VM " + vm.name() + " has ended: no port can lead to it");
            return Source.<PortForward.Connection>failed(gone)
                    .mapMaterializedValue(none -> CompletableFuture.failedStage(gone));
        }
        // Who writes how much when is not ours to decide. (Made here: a run that forwards nothing loads no TCP.)
        List<Inet.SocketOption> options = List.of(TcpSO.tcpNoDelay(true));
        return Tcp.get(materializer.system())
                .bind(LOOPBACK, ports.hostPort(), settings.backlog(), options, true, Optional.empty())
                .map(incoming -> new PortForward.Connection(
                        incoming.remoteAddress(), incoming.flow(), tcp.connect(ports.guestPort())))
                .mapMaterializedValue(binding -> binding.handle((bound, failure) -> {
                    if (failure != null) {
                        throw refused(ports, failure);
                    }
                    vm.ended().thenAccept(end -> bound.unbind());
                    return new PortForward(ports, bound);
                }));
    }

    CompletionStage<PortForward> open(PublishedPort ports) {
        return system.run(up -> source(ports)
                .mapAsyncUnordered(settings.maxConnections(), connection -> run(connection, up))
                .toMat(Sink.ignore(), Keep.left())
                .run(up));
    }

    private static CompletionStage<Done> run(PortForward.Connection connection, ActorSystem<?> up) {
        return connection.run(Materializer.matFromSystem(up)).exceptionally(failure -> {
            // The client has been reset: it knows that something went wrong, and here is what.
            up.log().debug("the connection from {} was lost: {}", connection.remoteAddress(), failure.getMessage());
            return Done.getInstance();
        });
    }

    /** All or none: what is open when one fails closes with the VM, which is then not started. */
    CompletionStage<List<PortForward>> publish(List<PublishedPort> all) {
        CompletionStage<List<PortForward>> open = CompletableFuture.completedStage(List.of());
        for (PublishedPort ports : all) {
            open = open.thenCompose(before -> open(ports).thenApply(one -> {
                List<PortForward> more = new ArrayList<>(before);
                more.add(one);
                return List.copyOf(more);
            }));
        }
        return open.thenApply(list -> {
            published = list;
            return list;
        });
    }

    List<PortForward> published() {
        return published;
    }

    private VmetteIoException refused(PublishedPort ports, Throwable failure) {
        Throwable reason = Reasons.unwrapped(failure);
        Throwable cause = reason.getCause() != null ? reason.getCause() : reason;
        // Akka puts the address before the system's words.
        String why = Optional.ofNullable(cause.getMessage())
                .map(text -> text.replaceFirst("^\\[[^]]*] ", ""))
                .orElseGet(cause::toString);
        String remedy = cause instanceof BindException ? "end what listens there, or take" : "take";
        return new VmetteIoException(
                "port " + ports.hostPort() + " of " + LOOPBACK + " cannot lead to port " + ports.guestPort() + " of VM "
                        + vm.name() + ": " + why + ": " + remedy + " another host port, or 0 for a free one",
                reason);
    }
}
