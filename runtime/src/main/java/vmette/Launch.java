package vmette;

import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import vmette.actors.Supervision;
import vmette.actors.VmService;
import vmette.config.VmSpec;
import vmette.recovery.Origin;
import vmette.recovery.RecoveryPolicy;

/**
 * A VM that is to be launched.
 *
 * @param spec what it is
 * @param options its turn to come up
 * @param from what it begins from
 * @param service what it runs by itself
 * @param policy what follows its failures
 * @param refine gives its supervision what its caller adds to it
 * @param beforeBoot what is done with it before there is a machine
 */
record Launch(
        VmSpec spec,
        LaunchOptions options,
        Origin from,
        Optional<VmService> service,
        RecoveryPolicy policy,
        UnaryOperator<Supervision> refine,
        Optional<? extends Function<VmHandle, ? extends CompletionStage<?>>> beforeBoot) {
    /** One about which nothing else is to be said. */
    static Launch of(VmSpec spec, Origin from, RecoveryPolicy policy) {
        return new Launch(
                spec,
                LaunchOptions.DEFAULT,
                from,
                Optional.empty(),
                policy,
                UnaryOperator.identity(),
                Optional.empty());
    }

    Launch withOptions(LaunchOptions other) {
        return new Launch(spec, other, from, service, policy, refine, beforeBoot);
    }

    Launch withService(Optional<VmService> other) {
        return new Launch(spec, options, from, other, policy, refine, beforeBoot);
    }

    Launch withRefinement(UnaryOperator<Supervision> other) {
        return new Launch(spec, options, from, service, policy, other, beforeBoot);
    }

    Launch withBeforeBoot(Optional<? extends Function<VmHandle, ? extends CompletionStage<?>>> other) {
        return new Launch(spec, options, from, service, policy, refine, other);
    }
}
