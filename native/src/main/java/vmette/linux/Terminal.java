package vmette.linux;

/**
 * The terminal behind a descriptor, with the settings that it had at first: termios(3), ioctl_tty(2). Does not own the descriptor.
 * Thread-safe.
 */
public final class Terminal {
    /** TCSANOW, {@code include/uapi/asm-generic/termbits.h}. Not TCSADRAIN, which waits for ever on a terminal that Ctrl-S has stopped. */
    private static final int TCSANOW = 0;

    /** TIOCGWINSZ, {@code include/uapi/asm-generic/ioctls.h}. */
    private static final long TIOCGWINSZ = 0x5413;

    /** NCCS of glibc and musl: c_cc has 32 entries, from offset 17, after four flag words and c_line. */
    private static final int CONTROL_CHARACTERS = 32;

    private static final int FIRST_CONTROL_CHARACTER = 17;

    /** struct termios has 60 bytes: c_cc is followed by two speeds. */
    private static final int TERMIOS_SIZE = 60;

    private static final int WINSIZE_SIZE = 8;

    private final int fd;
    private final NativeBuffer saved;
    private final NativeBuffer raw;

    /**
     * A window's size in characters.
     *
     * @param rows 0 where nobody has told the terminal
     * @param columns likewise
     */
    public record Size(int rows, int columns) {}

    private Terminal(int fd, NativeBuffer saved, NativeBuffer raw) {
        this.fd = fd;
        this.saved = saved;
        this.raw = raw;
    }

    /** Whether a terminal is behind this descriptor, isatty(3). */
    public static boolean isTerminal(int fd) {
        return TerminalCalls.isatty(fd) == 1;
    }

    /**
     * Remembers the terminal's settings.
     *
     * @param fd stays the caller's
     * @throws LinuxException ENOTTY if it is no terminal
     */
    public static Terminal of(int fd) {
        NativeBuffer saved = new NativeBuffer(TERMIOS_SIZE);
        LibC.check("tcgetattr", saved.during(address -> TerminalCalls.tcgetattr(fd, address)));
        NativeBuffer raw = new NativeBuffer(TERMIOS_SIZE);
        raw.bytes.put(0, saved.bytes, 0, TERMIOS_SIZE);
        raw.during(address -> {
            TerminalCalls.cfmakeraw(address);
            return 0;
        });
        return new Terminal(fd, saved, raw);
    }

    /** The descriptor's number. */
    public int fd() {
        return fd;
    }

    /** Passes every character on as it comes and shows what is written as it is, cfmakeraw(3). */
    public void raw() {
        set(raw);
    }

    /**
     * Puts back the settings that it had at first.
     *
     * @throws LinuxException EIO if the terminal is gone
     */
    public void restore() {
        set(saved);
    }

    private void set(NativeBuffer termios) {
        int result;
        do {
            result = termios.during(address -> TerminalCalls.tcsetattr(fd, TCSANOW, address));
        } while (result < 0 && LibC.errno() == Errno.EINTR);
        LibC.check("tcsetattr", result);
    }

    /** The first settings as stty(1) takes them, the form of {@code stty -g}. */
    public String savedSettings() {
        return text(saved);
    }

    /** Those of {@link #raw}, likewise. */
    public String rawSettings() {
        return text(raw);
    }

    private static String text(NativeBuffer termios) {
        StringBuilder text = new StringBuilder();
        for (int word = 0; word < 4; word++) {
            text.append(Integer.toHexString(termios.bytes.getInt(4 * word))).append(':');
        }
        for (int i = 0; i < CONTROL_CHARACTERS; i++) {
            text.append(i == 0 ? "" : ":")
                    .append(Integer.toHexString(termios.bytes.get(FIRST_CONTROL_CHARACTER + i) & 0xff));
        }
        return text.toString();
    }

    /** How large its window is now. */
    public Size size() {
        NativeBuffer window = new NativeBuffer(WINSIZE_SIZE);
        LibC.check("ioctl TIOCGWINSZ", window.during(address -> TerminalCalls.ioctl(fd, TIOCGWINSZ, address)));
        return new Size(window.bytes.getShort(0) & 0xffff, window.bytes.getShort(2) & 0xffff);
    }
}
