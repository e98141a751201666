package vmette.cli;

import akka.stream.javadsl.Sink;
import akka.util.ByteString;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import vmette.Execution;
import vmette.ExitStatus;
import vmette.VmHandle;
import vmette.Vmette;
import vmette.actors.VmReady;
import vmette.config.RuntimeSettings;
import vmette.errors.VmLostException;

/** {@code vmette quickstart}. */
@Command(
        name = "quickstart",
        description = {"Boots a VM and shows it.", "The first time it fetches a kernel."},
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:shown", "1:run-time error", "2:usage error"},
        sortOptions = false,
        footerHeading = "%nExamples:%n",
        footer = "  ${sys:vmette.command:-vmette} quickstart")
final class QuickstartCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Override
    public Integer call() {
        RuntimeSettings settings = common.settings();
        try (Vmette vmette = Vmette.create(settings, common.transfers())) {
            VmHandle vm = vmette.launch(settings.vm()).toCompletableFuture().join();
            VmReady ready = vm.ready().toCompletableFuture().join();
            Execution uname = vm.exec("uname -a");
            CompletionStage<String> answer =
                    uname.stdout().map(ByteString::utf8String).runWith(Sink.fold("", String::concat), vmette.system());
            ExitStatus status = uname.status().toCompletableFuture().join();
            if (!status.isSuccess()) {
                throw new VmLostException("uname in the guest " + status
                        + ": the guest's busybox may be broken; delete " + settings.cacheDir() + " to fetch it anew");
            }
            show(answer.toCompletableFuture().join(), ready);
            return 0;
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : e;
        }
    }

    private void show(String uname, VmReady ready) {
        if (common.isJson()) {
            System.out.println(Json.pretty(Json.object(
                    "uname", uname.strip(),
                    "memoryBytes", ready.memoryBytes(),
                    "bootMillis", ready.bootTime().toMillis(),
                    "guestBootMillis", ready.guestBootTime().toMillis(),
                    "runsOn", ready.capabilities().description())));
            return;
        }
        System.out.print(uname);
        System.out.println(row("memory", String.format(Locale.ROOT, "%d MiB", ready.memoryBytes() >> 20)));
        System.out.println(row(
                "booted in",
                String.format(
                        Locale.ROOT,
                        "%.2f s (%.2f s of it the guest's)",
                        ready.bootTime().toMillis() / 1e3,
                        ready.guestBootTime().toMillis() / 1e3)));
        System.out.println(row("runs on", ready.capabilities().description()));
        System.out.println();
        System.out.println("Next: " + System.getProperty("vmette.command", "vmette")
                + " run --exec 'echo hello from $(hostname)'");
    }

    private static String row(String name, String value) {
        return String.format(Locale.ROOT, "%-11s%s", name, value);
    }
}
