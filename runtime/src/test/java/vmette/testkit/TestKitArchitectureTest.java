package vmette.testkit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** A program that runs VMs loads nothing of what is for tests. */
@AnalyzeClasses(
        packages = "vmette",
        importOptions = {ImportOption.DoNotIncludeTests.class, ImportOption.DoNotIncludeJars.class})
class TestKitArchitectureTest {
    @ArchTest
    static final ArchRule NOBODY_KNOWS_THE_TEST_KIT = noClasses()
            .that()
            .resideOutsideOfPackage("vmette.testkit")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("vmette.testkit");

    @ArchTest
    static final ArchRule NOR_THE_FAKE_MONITOR_AND_THE_AGENTS_HALF_OF_THE_PROTOCOL = noClasses()
            .that()
            .resideOutsideOfPackages("vmette.testkit", "vmette.vmm", "vmette.guest.protocol")
            .should()
            .dependOnClassesThat()
            .haveNameMatching("vmette\\.(vmm\\.FakeVmm|guest\\.protocol\\.(HostFrameDecoder|AgentFrames))(\\$.*)?");

    @ArchTest
    static final ArchRule IT_NEEDS_NEITHER_QEMU_NOR_A_TEST_FRAMEWORK = noClasses()
            .that()
            .resideInAPackage("vmette.testkit")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("vmette.qemu..", "vmette.linux..", "org.junit..", "akka.actor.testkit..");
}
