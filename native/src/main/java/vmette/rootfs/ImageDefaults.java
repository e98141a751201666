package vmette.rootfs;

import java.util.List;

/**
 * What an image says of the commands that run in it, as Docker understands it.
 *
 * @param environment each {@code KEY=VALUE}; a VM's own environment goes over it
 * @param directory the working directory; empty: {@code /}
 * @param user {@code user}, {@code uid}, {@code user:group} or {@code uid:gid}, looked up in the image; empty: root
 * @param entrypoint goes before every command
 * @param command the command where none is given
 */
public record ImageDefaults(
        List<String> environment, String directory, String user, List<String> entrypoint, List<String> command) {
    /** No image, no defaults. */
    public static final ImageDefaults NONE = new ImageDefaults(List.of(), "", "", List.of(), List.of());

    /** Copies what is given. */
    public ImageDefaults {
        environment = List.copyOf(environment);
        entrypoint = List.copyOf(entrypoint);
        command = List.copyOf(command);
    }
}
