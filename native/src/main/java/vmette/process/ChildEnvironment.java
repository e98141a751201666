package vmette.process;

import java.util.Map;
import java.util.Set;

/** What of our environment a child gets: a monitor that a guest has broken into must not find registry secrets there. */
final class ChildEnvironment {
    private static final Set<String> KEPT =
            Set.of("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "LD_LIBRARY_PATH");

    private ChildEnvironment() {}

    static void reduce(Map<String, String> environment) {
        environment.keySet().retainAll(KEPT);
    }
}
