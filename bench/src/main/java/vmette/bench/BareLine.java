package vmette.bench;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import vmette.errors.InvalidConfigException;

/** Turns the product's QEMU command line into that of the same machine with nothing of the product around it. Pure. */
final class BareLine {
    /** RFC 3986, section 2.3, and the slash: what needs no percent-encoding in one word of a kernel command line. */
    private static final String PLAIN = "-._~/";

    /** The last of its object's properties. */
    private static final String MEMORY = ",mem-path=";

    private static final String BENCH_WORD = "vmette.bench=";

    /** An option of the product's that a bare machine has no use for; {@code value} tells it from others of its name. */
    private record Dropped(String option, Predicate<String> value, String what) {}

    private static final List<Dropped> DROPPED = List.of(
            new Dropped("-chardev", value -> isSocket(value, "qmp"), "the monitor's socket"),
            new Dropped("-mon", value -> value.startsWith("chardev=qmp"), "the monitor"),
            new Dropped("-chardev", value -> isSocket(value, "vs"), "the vsock device's socket"),
            new Dropped("-device", value -> value.startsWith("vhost-user-vsock-pci,"), "the vsock device"));

    /** Options of QEMU that the product uses and that stand alone. */
    private static final Set<String> WITHOUT_VALUE = Set.of("-nodefaults", "-no-user-config", "-no-reboot");

    private BareLine() {}

    private static boolean isSocket(String value, String id) {
        return value.startsWith("socket,id=" + id + ",");
    }

    /**
     * The bare line.
     *
     * @param product the command line of a VM of the product's, the program first
     * @param command for {@code /bin/sh -c} in the guest, with the console as its output
     * @param memory where QEMU makes its memory's file, if the product's VM has one, whose own name is gone by now
     * @throws InvalidConfigException if the product's line is not of the form known here, so that a comparison would be of
     *     two machines that differ in something else
     */
    static List<String> of(List<String> product, String command, Path memory) {
        List<String> bare = new ArrayList<>();
        bare.add(product.get(0));
        List<Dropped> due = new ArrayList<>(DROPPED);
        boolean appended = false;
        for (int i = 1; i < product.size(); i++) {
            String option = product.get(i);
            if (WITHOUT_VALUE.contains(option)) {
                bare.add(option);
                continue;
            }
            if (!option.startsWith("-") || i + 1 == product.size()) {
                throw unknown("\"" + option + "\" is not an option with a value");
            }
            String value = product.get(++i);
            if (due.removeIf(dropped ->
                    dropped.option().equals(option) && dropped.value().test(value))) {
                continue;
            }
            bare.add(option);
            if (option.equals("-append")) {
                appended = true;
                bare.add(value + " " + BENCH_WORD + percentEncode(command));
            } else {
                bare.add(withMemory(value, memory));
            }
        }
        due.forEach(missing -> {
            throw unknown(missing.what() + " is not in it");
        });
        if (!appended) {
            throw unknown("there is no -append in it");
        }
        return List.copyOf(bare);
    }

    private static String withMemory(String value, Path memory) {
        int end = value.startsWith("memory-backend-file,") ? value.indexOf(MEMORY) : -1;
        return end < 0 ? value : value.substring(0, end) + MEMORY + memory;
    }

    private static InvalidConfigException unknown(String why) {
        return new InvalidConfigException(
                "the QEMU command line of the VM to be compared with is not as BareLine knows it: " + why
                        + "; QemuCommandLine has changed, and BareLine has to follow");
    }

    static String percentEncode(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte unit : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (unit & 0xff);
            if (c < 0x80 && (Character.isLetterOrDigit(c) || PLAIN.indexOf(c) >= 0)) {
                encoded.append(c);
            } else {
                encoded.append(String.format("%%%02x", unit & 0xff));
            }
        }
        return encoded.toString();
    }
}
