package vmette.copy;

/** Hears of a copy as it goes on; on the copying thread. */
public interface CopyProgress {
    /** Another file, directory or link. */
    void entry();

    /** So many bytes of content more. */
    void bytes(long count);

    /**
     * Something that is not copied, and the rest goes on.
     *
     * @param name relative to what is copied
     * @param why what it is
     */
    void leftOut(String name, String why);
}
