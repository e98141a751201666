package vmette.guest;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import vmette.errors.VmetteIoException;

/**
 * Debian's packages, by the machine's own apt: it knows the mirrors and proxies and checks signatures and checksums.
 *
 * <p>Nothing is installed, and no privilege is needed. Where the system's package lists are missing or name what the mirror no
 * longer has, fresh ones are fetched into a directory of our own.
 */
final class DebianPackages implements GuestPackages {
    /**
     * The programs.
     *
     * @param aptCache apt-cache(8)
     * @param aptGet apt-get(8)
     * @param dpkgDeb dpkg-deb(1)
     */
    record Tools(String aptCache, String aptGet, String dpkgDeb) {
        static final Tools SYSTEM = new Tools("apt-cache", "apt-get", "dpkg-deb");
    }

    /** This way does not lead to the packages; another may. */
    private static final class UnavailableException extends Exception {
        private static final long serialVersionUID = 1L;

        UnavailableException(String message) {
            super(message);
        }
    }

    private record Deb(AssetKind kind, String name, String version, long size) {}

    private static final String KERNEL_METAPACKAGE = "linux-image-cloud-amd64";
    private static final String BUSYBOX_PACKAGE = "busybox-static";
    private static final String REMEDY =
            "; give a kernel with --kernel (and its modules with --modules) and an initramfs with --initramfs,"
                    + " or run where Debian's packages are reachable through apt-get";

    private static final Pattern KERNEL_DEPENDENCY =
            Pattern.compile("^Depends:.*?(linux-image-[0-9][a-z0-9.+-]*)", Pattern.MULTILINE);
    private static final Pattern VERSION = Pattern.compile("^Version: (\\S+)", Pattern.MULTILINE);
    private static final Pattern SIZE = Pattern.compile("^Size: ([0-9]{1,15})$", Pattern.MULTILINE);

    private static final Duration QUERY = Duration.ofMinutes(1);
    private static final Duration UPDATE = Duration.ofMinutes(5);
    private static final Duration DOWNLOAD = Duration.ofMinutes(15);
    private static final Duration UNPACK = Duration.ofMinutes(5);

    private final Tools tools;

    DebianPackages(Tools tools) {
        this.tools = tools;
    }

    @Override
    public List<Unpacked> fetch(Set<AssetKind> kinds, Path scratch, Consumer<String> progress) {
        try {
            try {
                return fetch(kinds, scratch, List.of(), progress);
            } catch (UnavailableException system) {
                progress.accept(
                        "apt's package lists on this machine do not lead to a guest kernel; fetching fresh lists");
                List<String> options = privateLists(scratch);
                try {
                    update(scratch, options);
                    return fetch(kinds, scratch, options, progress);
                } catch (UnavailableException own) {
                    throw new VmetteIoException(
                            "cannot fetch the guest's " + labels(kinds) + " from Debian: " + own.getMessage() + REMEDY);
                }
            }
        } catch (IOException e) {
            throw new VmetteIoException(
                    "cannot fetch the guest's " + labels(kinds) + " from Debian: " + e.getMessage() + REMEDY, e);
        }
    }

    private List<Unpacked> fetch(Set<AssetKind> kinds, Path scratch, List<String> options, Consumer<String> progress)
            throws IOException, UnavailableException {
        List<Deb> debs = new ArrayList<>();
        for (AssetKind kind : kinds) {
            debs.add(newest(kind, scratch, options));
        }
        List<Unpacked> unpacked = new ArrayList<>();
        for (Deb deb : debs) {
            progress.accept(String.format(
                    Locale.ROOT,
                    "downloading %s %s from Debian (%.1f MiB)",
                    deb.name(),
                    deb.version(),
                    deb.size() / (double) (1 << 20)));
            Path file = download(deb, scratch, options);
            Path root = Files.createDirectory(scratch.resolve(deb.kind().label()));
            ChildProcess unpack =
                    ChildProcess.run(List.of(tools.dpkgDeb(), "-x", file.toString(), root.toString()), scratch, UNPACK);
            if (unpack.exit() != 0) {
                throw new IOException(
                        "dpkg-deb could not unpack " + file.getFileName() + ": " + ChildProcess.tail(unpack.errors()));
            }
            Files.delete(file);
            unpacked.add(new Unpacked(deb.kind(), deb.version(), root));
        }
        return unpacked;
    }

    private Deb newest(AssetKind kind, Path scratch, List<String> options) throws IOException, UnavailableException {
        String name = BUSYBOX_PACKAGE;
        if (kind == AssetKind.KERNEL) {
            name = field(KERNEL_DEPENDENCY, show(KERNEL_METAPACKAGE, scratch, options), KERNEL_METAPACKAGE);
        }
        String text = show(name, scratch, options);
        return new Deb(kind, name, field(VERSION, text, name), Long.parseLong(field(SIZE, text, name)));
    }

    private String show(String name, Path scratch, List<String> options) throws IOException, UnavailableException {
        List<String> command = command(tools.aptCache(), options, "--no-all-versions", "show", name);
        ChildProcess show = ChildProcess.run(command, scratch, QUERY);
        if (show.exit() != 0) {
            throw new UnavailableException(
                    "apt knows no package " + name + " (" + ChildProcess.tail(show.errors()) + ")");
        }
        return show.output();
    }

    private static String field(Pattern pattern, String text, String name) throws UnavailableException {
        Matcher field = pattern.matcher(text);
        if (!field.find()) {
            throw new UnavailableException("apt does not say enough about the package " + name);
        }
        return field.group(1);
    }

    private Path download(Deb deb, Path scratch, List<String> options) throws IOException, UnavailableException {
        List<String> command = command(tools.aptGet(), options, "download", deb.name() + "=" + deb.version());
        ChildProcess download = ChildProcess.run(command, scratch, DOWNLOAD);
        if (download.exit() == 0) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(scratch, deb.name() + "_*.deb")) {
                for (Path file : files) {
                    return file;
                }
            }
        }
        throw new UnavailableException(
                "apt-get could not download " + deb.name() + " (" + ChildProcess.tail(download.errors()) + ")");
    }

    /** One unreachable source of the machine's many fails the update as a whole: what matters is what can be found after. */
    private void update(Path scratch, List<String> options) throws IOException, UnavailableException {
        ChildProcess update = ChildProcess.run(command(tools.aptGet(), options, "update"), scratch, UPDATE);
        boolean fetchedSome;
        try (DirectoryStream<Path> lists = Files.newDirectoryStream(lists(scratch), "*_Packages*")) {
            fetchedSome = lists.iterator().hasNext();
        }
        if (!fetchedSome) {
            throw new UnavailableException(
                    "apt-get could not fetch any package list (" + ChildProcess.tail(update.errors()) + ")");
        }
    }

    private static List<String> privateLists(Path scratch) throws IOException {
        Path lists = Files.createDirectories(lists(scratch).resolve("partial")).getParent();
        Path archives = Files.createDirectories(scratch.resolve("apt-cache/archives/partial"));
        return List.of(
                "-o", "Dir::State::lists=" + lists,
                "-o", "Dir::Cache=" + archives.getParent().getParent(),
                "-o", "Debug::NoLocking=1",
                "-o", "Acquire::Languages=none",
                "-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
                "-o", "Acquire::IndexTargets::deb::CNF::DefaultEnabled=false");
    }

    private static Path lists(Path scratch) {
        return scratch.resolve("apt-lists");
    }

    private static List<String> command(String tool, List<String> options, String... arguments) {
        List<String> command = new ArrayList<>(List.of(tool, "-q"));
        // root's apt would hand downloads to a user who cannot enter our private directory, and warn that it cannot
        command.addAll(List.of("-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=2"));
        command.addAll(List.of("-o", "Acquire::http::Timeout=30", "-o", "Acquire::https::Timeout=30"));
        command.addAll(options);
        command.addAll(List.of(arguments));
        return command;
    }

    private static String labels(Set<AssetKind> kinds) {
        return String.join(
                " and ", kinds.stream().map(AssetKind::label).sorted().toList());
    }
}
