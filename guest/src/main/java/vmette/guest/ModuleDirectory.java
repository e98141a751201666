package vmette.guest;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import vmette.errors.InvalidConfigException;

/** A directory with kernel modules in it, at any depth. */
final class ModuleDirectory implements KernelModules.Catalogue {
    private static final Pattern MODULE = Pattern.compile("(.+)\\.ko(\\.gz|\\.xz|\\.zst)?");
    private static final int MAX_DEPTH = 16;
    private static final int MAX_FILES = 100_000;

    private final Path directory;
    private final Map<String, Path> modules = new TreeMap<>();
    private final Set<String> builtIn = new HashSet<>();
    private boolean knowsBuiltIn;

    private ModuleDirectory(Path directory) {
        this.directory = directory;
    }

    static ModuleDirectory scan(Path directory) {
        UserFile.directory("module directory", "--modules", directory);
        ModuleDirectory found = new ModuleDirectory(directory);
        try {
            // without FOLLOW_LINKS: a module tree's links "build" and "source" lead out of it
            Files.walkFileTree(
                    directory.toRealPath(), EnumSet.noneOf(FileVisitOption.class), MAX_DEPTH, found.new Visitor());
        } catch (IOException e) {
            throw UserFile.unreadable("module directory", directory, e);
        }
        if (found.modules.isEmpty()) {
            throw new InvalidConfigException(
                    "the module directory " + directory
                            + " holds no kernel module (*.ko, *.ko.gz, *.ko.xz): --modules takes the kernel's lib/modules/VERSION");
        }
        return found;
    }

    /** The names in a {@code modules.builtin}: one path a line. */
    static Set<String> builtIn(Path list) throws IOException {
        Set<String> names = new HashSet<>();
        for (String line : Files.readAllLines(list)) {
            Matcher name =
                    MODULE.matcher(line.substring(line.lastIndexOf('/') + 1).strip());
            if (name.matches()) {
                names.add(KernelModules.canonical(name.group(1)));
            }
        }
        return names;
    }

    @Override
    public Optional<KernelModule> find(String name) {
        return Optional.ofNullable(modules.get(name))
                .map(file -> new KernelModule(name, file, UserFile.identity(file)));
    }

    @Override
    public Set<String> builtIn() {
        return builtIn;
    }

    @Override
    public boolean knowsBuiltIn() {
        return knowsBuiltIn;
    }

    @Override
    public String origin() {
        return directory.toString();
    }

    @Override
    public Modinfo modinfo(KernelModule module) {
        try {
            return Modinfo.of(module.content());
        } catch (ElfReader.MalformedElfException e) {
            throw new InvalidConfigException(
                    "the file " + module.file() + " is not a kernel module: it is " + e.getMessage(), e);
        }
    }

    private void add(Path file) {
        Matcher name = MODULE.matcher(file.getFileName().toString());
        if (!name.matches()) {
            return;
        }
        String canonical = KernelModules.canonical(name.group(1));
        Path other = modules.get(canonical);
        if (other == null || rank(file) < rank(other)) {
            modules.put(canonical, file);
        } else if (rank(file) == rank(other)) {
            throw new InvalidConfigException("the module directory " + directory + " holds the kernel module "
                    + canonical + " twice, " + other + " and " + file + ": give the directory of one kernel only");
        }
    }

    /** depmod's order: a module in updates or extra replaces the one that came with the kernel. */
    private static int rank(Path file) {
        for (Path element : file) {
            if (element.toString().equals("updates")) {
                return 0;
            }
            if (element.toString().equals("extra")) {
                return 1;
            }
        }
        return 2;
    }

    private final class Visitor extends SimpleFileVisitor<Path> {
        private int files;

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            if (++files > MAX_FILES) {
                throw new IOException("more than " + MAX_FILES + " files");
            }
            if (!attributes.isRegularFile() && !(attributes.isSymbolicLink() && Files.isRegularFile(file))) {
                return FileVisitResult.CONTINUE;
            }
            if (file.getFileName().toString().equals("modules.builtin")) {
                builtIn.addAll(ModuleDirectory.builtIn(file));
                knowsBuiltIn = true;
            } else {
                add(file);
            }
            return FileVisitResult.CONTINUE;
        }
    }
}
