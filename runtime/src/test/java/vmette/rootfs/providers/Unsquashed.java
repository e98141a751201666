package vmette.rootfs.providers;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What unsquashfs(1) finds in an image. */
final class Unsquashed {
    private static final Pattern LINE = Pattern.compile(
            "(\\S{10}) (\\d+)/(\\d+) +([0-9, ]*?) (\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d) squashfs-root(.*)");

    private Unsquashed() {}

    /** Of each path, with a leading slash: mode, owners and size or device, and where a link leads. */
    static Map<String, String> listing(Path image) throws IOException, InterruptedException {
        Map<String, String> listing = new TreeMap<>();
        for (String line : run("unsquashfs", "-lln", image.toString()).lines().toList()) {
            Matcher matcher = LINE.matcher(line);
            if (matcher.matches()) {
                String[] path = matcher.group(6).split(" -> ", 2);
                listing.put(
                        path[0].isEmpty() ? "/" : path[0],
                        matcher.group(1) + " " + matcher.group(2) + "/" + matcher.group(3)
                                + (matcher.group(1).startsWith("d")
                                        ? ""
                                        : " " + matcher.group(4).replace(" ", ""))
                                + (path.length > 1 ? " -> " + path[1] : ""));
            }
        }
        return listing;
    }

    static String content(Path image, String path) throws IOException, InterruptedException {
        return run("unsquashfs", "-cat", image.toString(), path);
    }

    static String run(String... command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("TZ", "UTC");
        Process process = builder.start();
        process.getOutputStream().close();
        try (InputStream output = process.getInputStream()) {
            String text = new String(output.readAllBytes(), StandardCharsets.ISO_8859_1);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(String.join(" ", command)).isZero();
            return text;
        } finally {
            process.destroyForcibly();
        }
    }
}
