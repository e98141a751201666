package vmette.actors;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import vmette.config.ExecSpec;
import vmette.errors.InvalidConfigException;
import vmette.rootfs.ImageDefaults;

/** What an image says of commands, applied to one, as Docker does it. Pure. */
final class ImageCommand {
    /** Looked up in the image like any other, for its home directory. */
    private static final String ROOT = "0";

    private ImageCommand() {}

    /** @throws InvalidConfigException if the image is to say what is run, and says nothing */
    static ExecSpec in(ImageDefaults image, ExecSpec spec) {
        ExecSpec command = spec;
        if (command.directory().isEmpty() && !image.directory().isEmpty()) {
            command = command.withDirectory(image.directory());
        }
        Optional<String> user = image.user().isEmpty()
                ? Optional.of(ROOT).filter(root -> !image.equals(ImageDefaults.NONE))
                : Optional.of(image.user());
        if (command.user().isEmpty() && user.isPresent()) {
            command = command.withUser(user.get());
        }
        return command.withArguments(arguments(image, spec));
    }

    private static List<String> arguments(ImageDefaults image, ExecSpec spec) {
        List<String> all = new ArrayList<>(image.entrypoint());
        return switch (spec.imageUse()) {
            case NOTHING -> spec.arguments();
            case ENTRYPOINT -> {
                all.addAll(spec.arguments());
                yield all;
            }
            case COMMAND -> {
                all.addAll(image.command());
                yield all.isEmpty() ? spec.arguments() : all;
            }
            case ONLY_COMMAND -> {
                all.addAll(image.command());
                if (all.isEmpty()) {
                    throw new InvalidConfigException(
                            "nothing to run: the root says neither an entrypoint nor a command; say what with --exec CMD");
                }
                yield all;
            }
        };
    }
}
