package vmette;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A JVM with a runtime that is going to die by {@code kill -9}. */
record DoomedJvm(Process process) {
    /** Starts one with the class path of this. */
    static DoomedJvm start(Class<?> main, String... arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        line.addAll(Arrays.asList(arguments));
        return new DoomedJvm(new ProcessBuilder(line)
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.DISCARD)
                .start());
    }

    /** @param alone else its janitor dies before it, so that it does not see its end */
    void kill(boolean alone) throws InterruptedException {
        if (!alone) {
            process.children()
                    .filter(child -> Faults.arguments(child.pid()).stream().anyMatch(word -> word.contains("janitor")))
                    .forEach(ProcessHandle::destroyForcibly);
        }
        process.destroyForcibly().waitFor();
    }

    /** What is in a directory of runtimes, without the directory that all runtimes of a user share. */
    static List<Path> leftFiles(Path runtimeDir) {
        return Traces.list(runtimeDir).stream()
                .filter(path -> !(Files.isDirectory(path) && path.getParent().equals(runtimeDir)))
                .toList();
    }
}
