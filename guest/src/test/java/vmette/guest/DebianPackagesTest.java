package vmette.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import vmette.errors.VmetteIoException;

/** Shell scripts play apt: what matters is what is asked of it, and what its failures become. */
class DebianPackagesTest {
    private static final String SHOW = """
            case "$*" in
            *show\\ linux-image-cloud-amd64) echo 'Version: 6.1.192-2'; echo 'Size: 1504'
              echo 'Depends: linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)';;
            *show\\ linux-image-6.1.0-56-cloud-amd64) echo 'Version: 6.1.192-2'; echo 'Size: 26713492';;
            *show\\ busybox-static) echo 'Version: 1:1.35.0-4'; echo 'Size: 928188';;
            esac
            """;

    private static final String DOWNLOAD = """
            case "$*" in
            *update) touch "$lists/mirror_main_Packages";;
            *download\\ *) for name; do :; done; touch "${name%=*}_version_amd64.deb";;
            esac
            """;

    private static final String UNPACK = "touch \"$3/$(basename $2)\"\n";

    /** Sets $lists to the directory of private package lists; empty when the system's are used. */
    private static final String FIND_LISTS =
            "lists=; for word; do case $word in Dir::State::lists=*) lists=${word#*=};; esac; done\n";

    @TempDir
    Path directory;

    private Path scratch;
    private final List<String> progress = new ArrayList<>();

    @BeforeEach
    void makeScratch() throws IOException {
        scratch = Files.createDirectory(directory.resolve("scratch"));
    }

    @Test
    void theNewestPackagesAreDownloadedAndUnpacked() throws IOException {
        List<GuestPackages.Unpacked> unpacked =
                packages(SHOW, DOWNLOAD).fetch(EnumSet.allOf(AssetKind.class), scratch, progress::add);
        assertThat(unpacked)
                .containsExactly(
                        new GuestPackages.Unpacked(AssetKind.KERNEL, "6.1.192-2", scratch.resolve("kernel")),
                        new GuestPackages.Unpacked(AssetKind.BUSYBOX, "1:1.35.0-4", scratch.resolve("busybox")));
        assertThat(scratch.resolve("kernel/linux-image-6.1.0-56-cloud-amd64_version_amd64.deb"))
                .exists();
        assertThat(scratch.resolve("busybox/busybox-static_version_amd64.deb")).exists();
        assertThat(progress)
                .containsExactly(
                        "downloading linux-image-6.1.0-56-cloud-amd64 6.1.192-2 from Debian (25.5 MiB)",
                        "downloading busybox-static 1:1.35.0-4 from Debian (0.9 MiB)");
    }

    @Test
    void emptyPackageListsAreReplacedByFreshOnesOfOurOwn() throws IOException {
        String onlyPrivate = "[ -n \"$lists\" ] || { echo 'E: No packages found' >&2; exit 100; }\n";
        packages(onlyPrivate + SHOW, DOWNLOAD).fetch(EnumSet.of(AssetKind.BUSYBOX), scratch, progress::add);
        assertThat(scratch.resolve("busybox/busybox-static_version_amd64.deb")).exists();
        assertThat(scratch.resolve("apt-lists/mirror_main_Packages")).exists();
        assertThat(progress.get(0)).contains("fetching fresh lists");
    }

    @Test
    void stalePackageListsAreReplacedByFreshOnesOfOurOwn() throws IOException {
        String stale = "[ -n \"$lists\" ] || { echo 'E: Failed to fetch ... 404  Not Found' >&2; exit 100; }\n";
        packages(SHOW, stale + DOWNLOAD).fetch(EnumSet.of(AssetKind.KERNEL), scratch, progress::add);
        assertThat(scratch.resolve("kernel/linux-image-6.1.0-56-cloud-amd64_version_amd64.deb"))
                .exists();
    }

    @Test
    void offlineTheMessageSaysWhyAndWhatToDo() throws IOException {
        String offline = "echo 'W: Could not resolve mirror.example' >&2; exit 100\n";
        GuestPackages packages = packages("exit 100\n", offline);
        assertThatThrownBy(() -> packages.fetch(EnumSet.allOf(AssetKind.class), scratch, progress::add))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("kernel")
                .hasMessageContaining("Could not resolve mirror.example")
                .hasMessageContaining("--kernel (and its modules with --modules)")
                .hasMessageContaining("where Debian's packages are reachable");
    }

    @Test
    void aDistributionWithoutThePackagesIsToldSo() throws IOException {
        GuestPackages packages = packages("echo 'E: No packages found' >&2; exit 100\n", DOWNLOAD);
        assertThatThrownBy(() -> packages.fetch(EnumSet.of(AssetKind.KERNEL), scratch, progress::add))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("apt knows no package linux-image-cloud-amd64")
                .hasMessageContaining("--kernel");
    }

    @Test
    void withoutAptTheMessageSaysWhatToDo() {
        GuestPackages packages =
                new DebianPackages(new DebianPackages.Tools("no-apt-cache", "no-apt-get", "no-dpkg-deb"));
        assertThatThrownBy(() -> packages.fetch(EnumSet.of(AssetKind.BUSYBOX), scratch, progress::add))
                .isInstanceOf(VmetteIoException.class)
                .hasMessageContaining("no-apt-cache")
                .hasMessageContaining("--kernel");
    }

    private GuestPackages packages(String aptCache, String aptGet) throws IOException {
        return new DebianPackages(new DebianPackages.Tools(
                script("apt-cache", FIND_LISTS + aptCache),
                script("apt-get", FIND_LISTS + aptGet),
                script("dpkg-deb", UNPACK)));
    }

    private String script(String name, String body) throws IOException {
        Path script = Files.writeString(directory.resolve(name), "#!/bin/sh\n" + body);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return script.toString();
    }
}
