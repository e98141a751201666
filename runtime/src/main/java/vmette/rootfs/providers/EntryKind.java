package vmette.rootfs.providers;

/** What an archive's entry is. */
enum EntryKind {
    FILE('0'),
    HARD_LINK('1'),
    SYMBOLIC_LINK('2'),
    CHARACTER_DEVICE('3'),
    BLOCK_DEVICE('4'),
    DIRECTORY('5'),
    FIFO('6');

    /** The type flag of POSIX. */
    final byte flag;

    EntryKind(char flag) {
        this.flag = (byte) flag;
    }
}
