package vmette.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import vmette.control.ControlClient;
import vmette.control.ControlClient.Told;
import vmette.copy.HostCopies;
import vmette.copy.TreePacker;
import vmette.copy.TreeUnpacker;
import vmette.errors.InvalidConfigException;
import vmette.errors.VmetteIoException;
import vmette.files.FileKind;

/** {@code vmette cp}. */
@Command(
        name = "cp",
        description = {
            "Copies a file or a directory into a running VM, or out of it.",
            "One side is NAME:/PATH, in a VM started with run --name NAME by this user;",
            "the other is a path of this host.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:copied", "1:failed, or something was left out", "2:usage error"},
        parameterListHeading = "%nParameters:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  ${sys:vmette.command:-vmette} run --name web --exec 'sleep 1000' &",
            "  ${sys:vmette.command:-vmette} cp index.html web:/tmp/index.html",
            "  ${sys:vmette.command:-vmette} cp web:/tmp ./tmp-of-web",
            "  ${sys:vmette.command:-vmette} cp site/. web:/tmp",
            "",
            "As with cp -r: into DST if that is a directory, else as DST; SRC/. is what is",
            "in SRC. A file takes the place of another whole or not at all.",
            "Modes and links are kept, of directories times too. In the guest all belongs",
            "to root, here to you. Setuid bits from a guest are dropped, its pipes and",
            "devices left out.",
        })
final class CpCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "SRC", description = "What to copy; links in last place are followed.")
    private String source;

    @Parameters(index = "1", paramLabel = "DST", description = "Where to.")
    private String destination;

    @Option(names = "--keep-setuid", description = "Keep setuid, setgid and sticky bits of what a guest has.")
    private boolean keepSpecial;

    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        CopySide from = side(source);
        CopySide to = side(destination);
        try {
            if (from instanceof CopySide.Host host && to instanceof CopySide.Guest guest) {
                return upload(host, guest);
            }
            if (from instanceof CopySide.Guest guest && to instanceof CopySide.Host host) {
                return download(guest, host);
            }
        } catch (IOException e) {
            throw new VmetteIoException("cannot copy " + source + ": " + e.getMessage(), e);
        }
        throw new ParameterException(
                spec.commandLine(),
                "one of SRC and DST is in a VM, written NAME:/PATH, and the other is not; here "
                        + (from instanceof CopySide.Host ? "neither is" : "both are"));
    }

    private CopySide side(String written) {
        try {
            return CopySide.parse(written);
        } catch (InvalidConfigException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    private ControlClient client(String vm) {
        return ControlClient.find(
                common.settings().runtimeDir().map(Path::toString).orElse(""), vm);
    }

    private int upload(CopySide.Host from, CopySide.Guest to) throws IOException {
        if (!Files.exists(from.path())) {
            throw new VmetteIoException("cannot copy " + from.written() + ": there is no such file or directory");
        }
        boolean tree = Files.isDirectory(from.path());
        if (!tree && !Files.isRegularFile(from.path())) {
            throw new VmetteIoException("cannot copy " + from.written() + ": it is neither a file nor a directory");
        }
        ControlClient client = client(to.vm());
        Optional<Told> there = client.stat(to.path());
        boolean into = there.filter(told -> told.kind() == FileKind.DIRECTORY).isPresent();
        String name = hostName(from);
        CopySide.Guest target = into && !name.equals(".") ? to.child(name) : to;
        refuseMissing(into, to.path(), tree);
        try (ProgressBar progress = bar(name)) {
            if (tree) {
                Optional<Told> former = into && !name.equals(".") ? client.stat(target.path()) : there;
                refuseFile(target, former);
                progress.total(TreePacker.size(from.path()));
                // A directory that is there keeps its mode, as with cp -r.
                client.writeTree(target.path(), new TreePacker(from.path(), former.isEmpty(), progress)::writeTo);
            } else {
                progress.total(Files.size(from.path()));
                client.write(
                        target.path(),
                        HostCopies.mode(from.path()),
                        out -> HostCopies.send(from.path(), out, progress));
            }
            return progress.leftOut() == 0 ? 0 : Failures.RUNTIME_ERROR;
        }
    }

    private int download(CopySide.Guest from, CopySide.Host to) throws IOException {
        ControlClient client = client(from.vm());
        Told told = client.stat(from.path())
                .orElseThrow(() -> new VmetteIoException(
                        "cannot copy " + source + ": there is no such file or directory in VM " + from.vm()));
        boolean tree = told.kind() == FileKind.DIRECTORY;
        boolean into = Files.isDirectory(to.path());
        String name = from.name();
        refuseMissing(into, to.written(), tree);
        Path target = into && !name.isEmpty() && !name.equals(".") ? to.path().resolve(name) : to.path();
        try (ProgressBar progress = bar(name.isEmpty() ? "/" : name)) {
            if (tree) {
                if (Files.exists(target) && !Files.isDirectory(target)) {
                    throw new VmetteIoException("cannot copy the directory " + source + " over the file " + target);
                }
                client.readTree(from.path(), new TreeUnpacker(target, keepSpecial, progress)::readFrom);
            } else {
                refuseUnfit(target);
                progress.total(told.size());
                int mode = keepSpecial ? told.mode() : HostCopies.plain(told.mode());
                client.read(from.path(), in -> HostCopies.receive(in, target, mode, progress));
            }
            return progress.leftOut() == 0 ? 0 : Failures.RUNTIME_ERROR;
        }
    }

    /** A file takes the place of another; what is no file, as /dev/stdout, would lose what is there. */
    private void refuseUnfit(Path target) {
        if (Files.isDirectory(target)) {
            throw new VmetteIoException("cannot copy the file " + source + " over the directory " + target);
        }
        if (target.startsWith("/dev")
                || target.startsWith("/proc")
                || (Files.exists(target) && !Files.isRegularFile(target))) {
            throw new VmetteIoException(
                    "cannot copy " + source + " to " + target + ": that is no file; name one, and read it from there");
        }
    }

    private ProgressBar bar(String name) {
        return ProgressBar.onTerminal(name, common.isQuiet() || common.isJson(), common::say);
    }

    /** The last component; {@code .} stands for what is in the directory. */
    private static String hostName(CopySide.Host side) {
        Path name = side.path().getFileName();
        if (name == null || side.written().endsWith("/.")) {
            return ".";
        }
        return name.toString().equals("..") ? "." : name.toString();
    }

    /** {@code cp file missing/} means a directory. */
    private void refuseMissing(boolean into, String written, boolean tree) {
        if (!into && !tree && written.endsWith("/")) {
            throw new VmetteIoException(
                    "cannot copy " + source + " to " + destination + ": there is no such directory");
        }
    }

    private void refuseFile(CopySide.Guest target, Optional<Told> there) {
        if (there.filter(told -> told.kind() != FileKind.DIRECTORY).isPresent()) {
            throw new VmetteIoException(
                    "cannot copy the directory " + source + " over the file " + target.vm() + ":" + target.path());
        }
    }
}
