package vmette;

import akka.japi.Pair;
import akka.stream.Attributes;
import akka.stream.FlowShape;
import akka.stream.Inlet;
import akka.stream.Outlet;
import akka.stream.stage.AbstractGraphStageWithMaterializedValue;
import akka.stream.stage.GraphStageLogic;
import java.time.Duration;
import java.util.function.Supplier;

/** A command as a flow; each materialisation runs one of its own. The behaviour is told at {@link VmHandle#execFlow(vmette.config.ExecSpec)}. */
final class ExecStage<C extends DrivenCommand>
        extends AbstractGraphStageWithMaterializedValue<FlowShape<ExecInput, ExecEvent>, C> {
    /** How long an output's failure waits for the command's end to explain it: the loss of a VM is told within seconds. */
    static final Duration EXPLANATION = Duration.ofSeconds(30);

    private final Inlet<ExecInput> in = Inlet.create("Exec.in");
    private final Outlet<ExecEvent> out = Outlet.create("Exec.out");
    private final FlowShape<ExecInput, ExecEvent> shape = FlowShape.of(in, out);
    private final Supplier<C> commands;
    private final Duration explanation;

    ExecStage(Supplier<C> commands) {
        this(commands, EXPLANATION);
    }

    ExecStage(Supplier<C> commands, Duration explanation) {
        this.commands = commands;
        this.explanation = explanation;
    }

    @Override
    public FlowShape<ExecInput, ExecEvent> shape() {
        return shape;
    }

    @Override
    public Pair<GraphStageLogic, C> createLogicAndMaterializedValuePair(Attributes inherited) {
        C command = commands.get();
        return Pair.create(new ExecLogic(shape, command, explanation), command);
    }
}
