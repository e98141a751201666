package vmette.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileExtentsTest {
    private static final int PAGE = 4096;
    private static final int PAGES = 4096;

    @TempDir
    private Path temporary;

    private Path everyOther() throws IOException {
        Path file = temporary.resolve("every-other");
        ByteBuffer page = ByteBuffer.allocate(PAGE).put(0, (byte) 1);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (long i = 0; i < PAGES; i++) {
                channel.write(page.rewind(), 2 * i * PAGE);
            }
        }
        return file;
    }

    /** A guest that writes to every other page of its disk has 131072 in each GiB. */
    @Test
    void theyAreCountedWithoutBeingKept() throws IOException {
        Path file = everyOther();
        int[] extents = new int[1];
        FileExtents.each(file, (start, end) -> {
            extents[0]++;
            return true;
        });
        assumeThat(extents[0]).as("there are holes here").isEqualTo(PAGES);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
        assertThat(FileExtents.allocated(file)).isEqualTo((long) PAGES * PAGE);
        assertThat(threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before)
                .as("bytes of heap")
                .isLessThan(10 * PAGES);
    }

    @Test
    void whoHasSeenEnoughSeesNoMore() throws IOException {
        Path file = everyOther();
        long[] last = new long[2];
        FileExtents.each(file, (start, end) -> {
            last[0]++;
            last[1] = end;
            return false;
        });
        assertThat(last[0]).isEqualTo(1);
        assertThat(last[1]).isGreaterThanOrEqualTo(PAGE);
    }
}
