package vmette.actors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import vmette.config.ExecSpec;
import vmette.errors.InvalidConfigException;
import vmette.rootfs.ImageDefaults;

class ImageCommandTest {
    private static final ImageDefaults IMAGE =
            new ImageDefaults(List.of("A=b"), "/srv", "app:staff", List.of("/init", "--"), List.of("serve", "-v"));

    private static final ExecSpec SHELL = ExecSpec.shell("true");

    @Test
    void withoutAnImageNothingChanges() {
        for (ExecSpec spec : List.of(SHELL, SHELL.afterEntrypoint(), SHELL.orImageCommand(), SHELL.withUser("me"))) {
            assertThat(ImageCommand.in(ImageDefaults.NONE, spec)).isEqualTo(spec);
        }
    }

    @Test
    void anyCommandGetsDirectoryAndUser() {
        ExecSpec command = ImageCommand.in(IMAGE, SHELL);
        assertThat(command.directory()).contains("/srv");
        assertThat(command.user()).contains("app:staff");
        assertThat(command.arguments()).isEqualTo(SHELL.arguments());
        ExecSpec own = ImageCommand.in(IMAGE, SHELL.withDirectory("/tmp").withUser("root"));
        assertThat(own.directory()).contains("/tmp");
        assertThat(own.user()).contains("root");
    }

    @Test
    void theMainCommandComesAfterTheEntrypoint() {
        assertThat(ImageCommand.in(IMAGE, SHELL.afterEntrypoint()).arguments())
                .containsExactly("/init", "--", "/bin/sh", "-c", "true");
    }

    @Test
    void whatOnlyTheImageCanSayIsRefusedWhereItSaysNothing() {
        assertThat(ImageCommand.in(IMAGE, ExecSpec.imageCommand()).arguments())
                .containsExactly("/init", "--", "serve", "-v");
        ImageDefaults entrypoint = new ImageDefaults(List.of(), "", "", List.of("/init"), List.of());
        assertThat(ImageCommand.in(entrypoint, ExecSpec.imageCommand()).arguments())
                .containsExactly("/init");
        for (ImageDefaults none :
                List.of(ImageDefaults.NONE, new ImageDefaults(List.of("A=b"), "", "", List.of(), List.of()))) {
            assertThatThrownBy(() -> ImageCommand.in(none, ExecSpec.imageCommand()))
                    .isInstanceOf(InvalidConfigException.class)
                    .hasMessage(
                            "nothing to run: the root says neither an entrypoint nor a command; say what with --exec CMD");
        }
    }

    @Test
    void whereNoneIsGivenTheImagesOwnRuns() {
        assertThat(ImageCommand.in(IMAGE, SHELL.orImageCommand()).arguments())
                .containsExactly("/init", "--", "serve", "-v");
        ImageDefaults bare = new ImageDefaults(List.of("A=b"), "", "", List.of(), List.of());
        ExecSpec command = ImageCommand.in(bare, SHELL.orImageCommand());
        assertThat(command.arguments()).isEqualTo(SHELL.arguments());
        assertThat(command.user()).contains("0");
        assertThat(command.directory()).isEmpty();
    }
}
