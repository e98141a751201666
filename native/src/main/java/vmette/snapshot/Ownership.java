package vmette.snapshot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import vmette.errors.Reasons;

/** Who decides what is in files and directories: whoever can write there decides what VMs do. */
final class Ownership {
    private static final int GROUP_AND_OTHERS = 077;
    private static final int THEIR_WRITING = 022;
    /** S_ISVTX: only its owner removes or renames what is in such a directory. */
    private static final int STICKY = 01000;

    private static final int ROOT = 0;

    /** {@code mode} as in inode(7). */
    private record Facts(int owner, int mode) {
        static Facts of(Path file) throws IOException {
            return new Facts((int) Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS), (int)
                    Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS));
        }

        String text() {
            return String.format(Locale.ROOT, "is of user %d with mode %04o", owner, mode & 07777);
        }
    }

    private Ownership() {}

    private static int self() throws IOException {
        return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    /** Why this is not this user's own and closed to all others, if it is not. */
    static Optional<String> notPrivate(Path file) throws IOException {
        Facts facts = Facts.of(file);
        boolean closed = facts.owner() == self() && (facts.mode() & GROUP_AND_OTHERS) == 0;
        return closed ? Optional.empty() : Optional.of(facts.text());
    }

    /** Why others may have changed this, if they may. */
    static Optional<String> notOnlyOurs(Path file) throws IOException {
        Facts facts = Facts.of(file);
        boolean ours = facts.owner() == self() && (facts.mode() & THEIR_WRITING) == 0;
        return ours ? Optional.empty() : Optional.of(facts.text());
    }

    /** Why others may put something of theirs in the place of what is ours in this directory, if they may. */
    static Optional<String> unsafeAround(Path directory) {
        try {
            Facts facts = Facts.of(directory);
            boolean owners = facts.owner() == ROOT || facts.owner() == self();
            boolean kept = (facts.mode() & THEIR_WRITING) == 0 || (facts.mode() & STICKY) != 0;
            return owners && kept
                    ? Optional.empty()
                    : Optional.of("the directory " + directory + " " + facts.text()
                            + ": whoever can write there could put a snapshot of his own in the place of this one;"
                            + " take one that is this user's and that nobody else writes to (chmod go-w)");
        } catch (IOException e) {
            return Optional.of("the directory " + directory + " cannot be looked at: " + Reasons.of(e));
        }
    }
}
