package vmette.guest;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

/** A "newc" archive whose bytes depend on nothing but what is put into it, in order; everything belongs to root. */
final class CpioArchive implements AutoCloseable {
    /** The kernel wants archives to end at a multiple of four; a longer padding would only be skipped. */
    private static final int BLOCK = 4;

    private final CpioArchiveOutputStream out;
    private long inode;

    /** Writes to {@code target}, which {@link #close} leaves open. */
    CpioArchive(OutputStream target) {
        OutputStream open = new FilterOutputStream(target) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                out.write(bytes, offset, length);
            }

            @Override
            public void close() throws IOException {
                flush();
            }
        };
        out = new CpioArchiveOutputStream(open, CpioConstants.FORMAT_NEW, BLOCK, StandardCharsets.UTF_8.name());
    }

    void directory(String name, int mode) throws IOException {
        CpioArchiveEntry entry = entry(name, CpioConstants.C_ISDIR | mode);
        entry.setNumberOfLinks(2);
        put(entry, new byte[0]);
    }

    void file(String name, int mode, byte[] content) throws IOException {
        put(entry(name, CpioConstants.C_ISREG | mode), content);
    }

    void symbolicLink(String name, String target) throws IOException {
        put(entry(name, CpioConstants.C_ISLNK | 0777), target.getBytes(StandardCharsets.UTF_8));
    }

    void characterDevice(String name, int mode, int major, int minor) throws IOException {
        CpioArchiveEntry entry = entry(name, CpioConstants.C_ISCHR | mode);
        entry.setRemoteDeviceMaj(major);
        entry.setRemoteDeviceMin(minor);
        put(entry, new byte[0]);
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    private CpioArchiveEntry entry(String name, int mode) {
        CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, name);
        entry.setMode(mode);
        entry.setNumberOfLinks(1);
        entry.setInode(++inode);
        entry.setTime(0);
        return entry;
    }

    private void put(CpioArchiveEntry entry, byte[] content) throws IOException {
        entry.setSize(content.length);
        out.putArchiveEntry(entry);
        out.write(content);
        out.closeArchiveEntry();
    }
}
