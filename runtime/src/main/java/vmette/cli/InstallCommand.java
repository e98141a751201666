package vmette.cli;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import vmette.errors.InvalidConfigException;

/** {@code vmette install}. */
@Command(
        name = "install",
        description = {
            "Installs libvmette.so, vmette.h and a pkg-config file, for programs in C, Rust, Python and others.",
            "They find a Java of 17 or later by themselves; the jars go beside the library. What is there already is replaced.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:installed", "1:it cannot be written there", "2:usage error"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} install --prefix $HOME/.local",
            "  ${sys:vmette.command:-vmette} install --prefix /usr --destdir ./package",
            "  export PKG_CONFIG_PATH=$HOME/.local/lib/pkgconfig",
            "  cc -o program program.c $(pkg-config --cflags --libs vmette) -Wl,-rpath,$HOME/.local/lib",
        })
final class InstallCommand implements Callable<Integer> {
    @Option(
            names = "--prefix",
            paramLabel = "DIR",
            description = "Where lib/ and include/ are. Default: ${DEFAULT-VALUE}.")
    private Path prefix = Path.of("/usr/local");

    @Option(
            names = "--destdir",
            paramLabel = "DIR",
            description = "Write below this directory, as for a package that is to be unpacked at /. Default: /.")
    private Path destdir = Path.of("/");

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() throws IOException {
        Installation installation = new Installation(built(), prefix, destdir.toAbsolutePath(), Version.number());
        for (Path file : installation.install()) {
            common.progress().accept("installed " + file);
        }
        boolean inPlace = destdir.toAbsolutePath().normalize().equals(Path.of("/"));
        if (inPlace && !"off".equals(System.getenv("VMETTE_CDS"))) {
            archive(installation.home());
        }
        return 0;
    }

    /** What starts a little slower without it is no reason to fail. */
    private void archive(Path home) {
        common.progress().accept("making an archive of classes, for which a VM is booted once");
        try {
            if (new ClassArchive(home).make()) {
                common.progress().accept("installed " + home.resolve(ClassArchive.NAME));
                return;
            }
            common.progress().accept("no archive of classes could be made: the first run of a program takes longer");
        } catch (IOException e) {
            common.progress().accept("no archive of classes could be made: " + e.getMessage());
        }
    }

    /** The directory above that of the jars. */
    private static Path built() {
        try {
            Path jar = Path.of(InstallCommand.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
            Path home = jar.getParent().getParent();
            if (home != null) {
                return home;
            }
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
        throw new InvalidConfigException("vmette does not run from its jars: start it by its launcher");
    }
}
