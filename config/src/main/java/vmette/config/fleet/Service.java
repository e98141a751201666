package vmette.config.fleet;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import vmette.config.ExecSpec;
import vmette.errors.InvalidConfigException;

/**
 * What a VM of a fleet runs.
 *
 * @param arguments program and arguments; empty: what the image says that is the VM's root
 * @param env added to the VM's environment, overriding it
 * @param directory where it starts, absolute; empty: the image's, or {@code /}
 * @param user as {@link ExecSpec#user()}; empty: the image's, or root
 */
public record Service(
        List<String> arguments, Map<String, String> env, Optional<String> directory, Optional<String> user) {
    /**
     * Checks what is given.
     *
     * @throws InvalidConfigException naming the value and what is allowed
     */
    public Service {
        arguments = List.copyOf(arguments);
        env = Map.copyOf(env);
        command(arguments, env, directory, user);
    }

    /** A command line for {@code /bin/sh -c}. */
    public static Service shell(String commandLine) {
        return new Service(List.of("/bin/sh", "-c", commandLine), Map.of(), Optional.empty(), Optional.empty());
    }

    /** What the image that is the VM's root says. */
    public static Service ofImage() {
        return new Service(List.of(), Map.of(), Optional.empty(), Optional.empty());
    }

    /** The command, without standard input. */
    public ExecSpec toExec() {
        return command(arguments, env, directory, user);
    }

    private static ExecSpec command(
            List<String> arguments, Map<String, String> env, Optional<String> directory, Optional<String> user) {
        ExecSpec command = arguments.isEmpty() ? ExecSpec.imageCommand() : ExecSpec.of(arguments);
        command = command.withoutStdin();
        if (directory.isPresent()) {
            command = command.withDirectory(directory.get());
        }
        if (user.isPresent()) {
            command = command.withUser(user.get());
        }
        for (Map.Entry<String, String> variable : env.entrySet()) {
            command = command.withEnv(variable.getKey(), variable.getValue());
        }
        return command;
    }
}
