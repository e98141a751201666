package vmette.config.fleet;

import java.util.List;
import vmette.errors.InvalidConfigException;

/** A file that has mistakes, with all of them; nothing has been started. */
public final class DeploymentRefusedException extends InvalidConfigException {
    private static final long serialVersionUID = 1L;

    private final transient List<ConfigProblem> problems;

    DeploymentRefusedException(String file, List<ConfigProblem> problems, int more) {
        super(message(file, problems, more));
        this.problems = List.copyOf(problems);
    }

    private static String message(String file, List<ConfigProblem> problems, int more) {
        int count = problems.size() + more;
        StringBuilder text = new StringBuilder(file + " has " + (count == 1 ? "a mistake" : count + " mistakes") + ":");
        problems.forEach(problem -> text.append("\n  ").append(problem));
        return more == 0
                ? text.toString()
                : text.append("\n  and ").append(more).append(" more").toString();
    }

    /** In the order of the file, at most {@value Problems#MOST}. */
    public List<ConfigProblem> problems() {
        return problems == null ? List.of() : problems;
    }
}
