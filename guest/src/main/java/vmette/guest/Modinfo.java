package vmette.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a kernel module says about itself in its section {@code .modinfo}: {@code key=value} strings, each with a NUL.
 *
 * @param depends the modules whose symbols it uses, by name; such as are built into the kernel are not among them
 * @param release the release of the kernel it was built for; empty when it does not say
 */
record Modinfo(List<String> depends, String release) {

    /** Reads it from a module that is not compressed. */
    static Modinfo of(byte[] module) throws ElfReader.MalformedElfException {
        try {
            ElfReader elf = new ElfReader(ElfReader.of(module));
            if (elf.machine() != ElfReader.MACHINE_X86_64) {
                throw new ElfReader.MalformedElfException("not for x86-64");
            }
            ByteBuffer section = elf.section(".modinfo")
                    .orElseThrow(() -> new ElfReader.MalformedElfException("without a .modinfo section"));
            byte[] bytes = new byte[section.remaining()];
            section.get(bytes);
            List<String> entries = List.of(new String(bytes, StandardCharsets.UTF_8).split("\0"));
            List<String> depends = value(entries, "depends=").stream()
                    .flatMap(list -> Stream.of(list.split(",")))
                    .filter(name -> !name.isEmpty())
                    .map(KernelModules::canonical)
                    .toList();
            String release = value(entries, "vermagic=").orElse("").split(" ", 2)[0];
            return new Modinfo(depends, release);
        } catch (IOException e) {
            throw new IllegalStateException("an array cannot fail to be read", e);
        }
    }

    private static Optional<String> value(List<String> entries, String prefix) {
        return entries.stream()
                .filter(entry -> entry.startsWith(prefix))
                .map(entry -> entry.substring(prefix.length()))
                .findFirst();
    }
}
