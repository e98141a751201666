package vmette.bench;

import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;
import vmette.errors.VmetteIoException;

/** Where a report goes; an option that every benchmark has. */
final class ReportOptions {
    @Option(names = "--json", paramLabel = "FILE", description = "Write the figures and the single runs there as well.")
    private Path json;

    void publish(Report report) {
        System.out.print(Table.render(report));
        if (json != null) {
            try {
                report.writeTo(json);
            } catch (IOException e) {
                throw new VmetteIoException("cannot write the report to " + json + ": " + e, e);
            }
        }
    }
}
