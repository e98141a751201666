package vmette.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import vmette.errors.InvalidConfigException;

class CopySideTest {
    @ParameterizedTest
    @CsvSource({
        "web:/tmp/x,web,/tmp/x,x",
        "a.b-c_1:/,a.b-c_1,/,''",
        "web:/a:b,web,/a:b,a:b",
        "web:/dir//,web,/dir//,dir",
        "web:/dir/.,web,/dir/.,.",
        "web:/dir/..,web,/dir/..,.",
        "web:/dir/../,web,/dir/../,."
    })
    void aNameAndAnAbsolutePathIsAGuests(String written, String vm, String path, String name) {
        CopySide.Guest guest = (CopySide.Guest) CopySide.parse(written);
        assertThat(guest).isEqualTo(new CopySide.Guest(vm, path));
        assertThat(guest.name()).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "./a:b", "/tmp/a:b", "dir/", "-"})
    void everythingElseIsAHosts(String written) {
        assertThat(CopySide.parse(written)).isEqualTo(new CopySide.Host(Path.of(written), written));
    }

    @ParameterizedTest
    @ValueSource(strings = {"web:", "web:relative", "", "a\0b"})
    void whatIsNeitherIsRefused(String written) {
        assertThatThrownBy(() -> CopySide.parse(written)).isInstanceOf(InvalidConfigException.class);
    }

    @Test
    void aChildIsOneSlashBelow() {
        assertThat(new CopySide.Guest("web", "/").child("x").path()).isEqualTo("/x");
        assertThat(new CopySide.Guest("web", "/a").child("x").path()).isEqualTo("/a/x");
    }
}
