package vmette.rootfs.providers;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import vmette.errors.BadImageException;
import vmette.errors.Reasons;
import vmette.errors.VmetteIoException;

/** Reads layers one after the other, entry by entry, twice the same way. Not thread-safe. */
final class Layers {
    /** Entries of all layers, more than names since a layer may say things again. */
    static final int MOST_ENTRIES = 2 * ImageTree.MOST_NAMES;

    private final List<LayerSource> sources;
    private final long[] sums;
    private boolean read;

    /** What is done with an entry; its content, if it has any, may be read. */
    interface Visitor {
        void visit(TarEntry entry, int layer, int number, TarReader content) throws IOException;
    }

    /** Writing the result has failed, which is no fault of a layer. */
    static final class SinkException extends IOException {
        private static final long serialVersionUID = 1L;

        SinkException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    Layers(List<LayerSource> sources) {
        this.sources = List.copyOf(sources);
        this.sums = new long[sources.size()];
    }

    int count() {
        return sources.size();
    }

    /**
     * Visits all entries.
     *
     * @throws BadImageException what is wrong with which layer
     * @throws VmetteIoException a layer cannot be read, or the thread is interrupted, which it then still is
     */
    void forEach(ByteBudget budget, Visitor visitor) throws SinkException {
        int entries = 0;
        for (int layer = 0; layer < sources.size(); layer++) {
            LayerSource source = sources.get(layer);
            Position position = new Position();
            try (InputStream raw = source.open();
                    Unpacking in = Unpacking.of(raw, budget)) {
                entries += visit(in, budget.most(), layer, MOST_ENTRIES - entries, position, visitor);
                in.drain();
            } catch (SinkException e) {
                throw e;
            } catch (TarFormatException e) {
                throw bad(source, position, e);
            } catch (Unpacking.DamagedException e) {
                throw bad(source, position, e);
            } catch (IOException e) {
                Interrupts.check("reading " + source.name(), e);
                throw new VmetteIoException("cannot read " + source.name() + ": " + Reasons.of(e), e);
            }
        }
        read = true;
    }

    private static final class Position {
        String name = "";
    }

    private int visit(Unpacking in, long mostContent, int layer, int mostEntries, Position position, Visitor visitor)
            throws IOException {
        TarReader reader = new TarReader(in, mostContent);
        CRC32C sum = new CRC32C();
        int number = 0;
        for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
            Interrupts.check("reading " + sources.get(layer).name());
            position.name = entry.name();
            sum.update(bytes(entry));
            if (number == mostEntries) {
                throw new TarFormatException("there are more than " + MOST_ENTRIES + " entries");
            }
            visitor.visit(entry, layer, number++, reader);
        }
        if (read && sums[layer] != sum.getValue()) {
            throw new VmetteIoException(
                    sources.get(layer).name() + " changed while it was read; try again when nobody writes to it");
        }
        sums[layer] = sum.getValue();
        return number;
    }

    private static byte[] bytes(TarEntry entry) {
        String attributes = new TreeMap<>(entry.attributes()).toString();
        return String.join(
                        "\0",
                        List.of(
                                entry.name(),
                                entry.link(),
                                attributes,
                                entry.kind() + " " + entry.size() + " " + entry.mode() + " " + entry.uid() + " "
                                        + entry.gid() + " " + entry.modified()))
                .getBytes(StandardCharsets.ISO_8859_1);
    }

    private static BadImageException bad(LayerSource source, Position position, IOException cause) {
        String where = position.name.isEmpty() ? "" : " (at '" + TarEntry.shown(position.name) + "')";
        return new BadImageException(
                source.name() + " is no archive that a root file system can be made of: " + cause.getMessage() + where,
                cause);
    }
}
