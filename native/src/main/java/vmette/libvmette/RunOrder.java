package vmette.libvmette;

/**
 * What a child is told to do.
 *
 * @param library the library to be loaded, absolute
 * @param config what it is to run
 */
record RunOrder(String library, RunConfig config) {
    RunOrder {
        CText.check("libvmette", library);
    }
}
