package vmette.testkit;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A command that a guest of the test kit is to run.
 *
 * @param vm the VM's name
 * @param incarnation which life of the VM, from 1
 * @param arguments program and arguments
 * @param env the VM's environment with the command's over it
 * @param directory where it starts; empty: not said
 * @param user whom it runs as; empty: not said
 */
public record GuestCommand(
        String vm,
        long incarnation,
        List<String> arguments,
        Map<String, String> env,
        Optional<String> directory,
        Optional<String> user) {
    /** Copies what is given. */
    public GuestCommand {
        arguments = List.copyOf(arguments);
        env = Map.copyOf(env);
    }

    /** What follows {@code /bin/sh -c}; of any other command its arguments, with spaces between. */
    public String line() {
        return arguments.size() == 3
                        && arguments.get(0).equals("/bin/sh")
                        && arguments.get(1).equals("-c")
                ? arguments.get(2)
                : String.join(" ", arguments);
    }

    static Map<String, String> environment(List<String> vm, List<String> command) {
        Map<String, String> env = new LinkedHashMap<>();
        vm.forEach(entry -> put(env, entry));
        command.forEach(entry -> put(env, entry));
        return env;
    }

    private static void put(Map<String, String> env, String entry) {
        int equals = entry.indexOf('=');
        env.put(entry.substring(0, equals), entry.substring(equals + 1));
    }
}
