package vmette;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows inside this module; those between modules are in the poms. */
@AnalyzeClasses(packages = "vmette", importOptions = ImportOption.DoNotIncludeTests.class)
class NativeArchitectureTest {
    @ArchTest
    static final ArchRule JNA_IS_USED_BY_LINUX_AND_LIBVMETTE_ONLY = noClasses()
            .that()
            .resideOutsideOfPackages("vmette.linux", "vmette.libvmette")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.sun.jna..");

    /** It serves on macOS too, where libc has another shape. */
    @ArchTest
    static final ArchRule LIBVMETTE_NEEDS_NO_LINUX = noClasses()
            .that()
            .resideInAPackage("vmette.libvmette")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("vmette.linux");

    @ArchTest
    static final ArchRule NOTHING_HERE_KNOWS_AKKA =
            noClasses().should().dependOnClassesThat().resideInAPackage("akka..");

    @ArchTest
    static final ArchRule PACKAGES_HAVE_NO_CYCLES =
            slices().matching("vmette.(*)..").should().beFreeOfCycles();
}
