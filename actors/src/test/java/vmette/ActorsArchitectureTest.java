package vmette;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What may know what inside this module. */
@AnalyzeClasses(
        packages = {
            "vmette.actors",
            "vmette.stream",
            "vmette.machine",
            "vmette.recovery",
            "vmette.group",
            "vmette.liveness",
            "vmette.log",
            "vmette.pool"
        },
        importOptions = ImportOption.DoNotIncludeTests.class)
class ActorsArchitectureTest {
    @ArchTest
    static final ArchRule NO_JNA = noClasses().should().dependOnClassesThat().resideInAPackage("com.sun.jna..");

    @ArchTest
    static final ArchRule INTERNALS_STAY_INSIDE = noClasses()
            .that()
            .resideOutsideOfPackage("vmette.stream..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("vmette..internal..");

    @ArchTest
    static final ArchRule MACHINES_KNOW_NO_AKKA = noClasses()
            .that()
            .resideInAPackage("vmette.machine..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("akka..");

    @ArchTest
    static final ArchRule STREAMS_KNOW_NO_SUPERVISION = noClasses()
            .that()
            .resideInAPackage("vmette.stream..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("vmette.actors..", "vmette.machine..");

    /** Decisions stay apart from the doing. */
    @ArchTest
    static final ArchRule RECOVERY_DECIDES_AND_DOES_NOTHING = noClasses()
            .that()
            .resideInAPackage("vmette.recovery..")
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages(
                    "vmette.recovery..",
                    "vmette.config..",
                    "java.lang..",
                    "java.time..",
                    "java.util",
                    "java.util.stream",
                    "java.util.function");

    @ArchTest
    static final ArchRule GROUPS_DECIDE_AND_DO_NOTHING = noClasses()
            .that()
            .resideInAPackage("vmette.group..")
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages(
                    "vmette.group..",
                    "vmette.config..",
                    "vmette.errors..",
                    "java.lang..",
                    "java.time..",
                    "java.util",
                    "java.util.stream",
                    "java.util.function");

    @ArchTest
    static final ArchRule LIVENESS_JUDGES_AND_DOES_NOTHING = noClasses()
            .that()
            .resideInAPackage("vmette.liveness..")
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages("vmette.liveness..", "vmette.config..", "java.lang..", "java.time..", "java.util");

    /** What a VM is, and how time passes, is given to it. */
    @ArchTest
    static final ArchRule POOLS_KNOW_NO_VMS = noClasses()
            .that()
            .resideInAPackage("vmette.pool..")
            .should()
            .dependOnClassesThat()
            .resideOutsideOfPackages(
                    "vmette.pool..",
                    "vmette.config..",
                    "vmette.errors..",
                    "org.slf4j..",
                    "java.lang..",
                    "java.time..",
                    "java.util..");

    @ArchTest
    static final ArchRule NO_CYCLES = slices().matching("vmette.(*)..").should().beFreeOfCycles();
}
