package vmette.guest;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "vmette.guest", importOptions = ImportOption.DoNotIncludeTests.class)
class GuestArchitectureTest {
    @ArchTest
    static final ArchRule knowsNeitherAkkaNorJna =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("akka..", "com.sun.jna..");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("vmette.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule theProtocolKnowsOnlyTheErrors = classes()
            .that()
            .resideInAPackage("vmette.guest.protocol")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("vmette.guest.protocol", "vmette.errors", "java..");

    @ArchTest
    static final ArchRule whatEveryStartLoadsDoesNotUncompress = noClasses()
            .that()
            .doNotHaveSimpleName("ModuleContent")
            .and()
            .haveNameNotMatching(".*\\.CpioArchive(\\$.*)?")
            .and()
            .doNotHaveSimpleName("BzImagePayload")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.commons.compress..", "org.tukaani.xz..")
            .because("loading them costs every start time");
}
