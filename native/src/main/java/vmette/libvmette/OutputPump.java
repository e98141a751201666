package vmette.libvmette;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes a process's output on, on a thread of its own; whoever takes it slowly slows the guest down. */
final class OutputPump {
    private static final Logger LOG = LoggerFactory.getLogger(OutputPump.class);
    private static final int CHUNK_BYTES = 16 * 1024;

    private final String vm;
    private final InputStream from;
    private final OutputStream to;
    private final OutputTail tail;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean wanted = true;

    private OutputPump(String vm, InputStream from, OutputStream to, OutputTail tail) {
        this.vm = vm;
        this.from = from;
        this.to = to;
        this.tail = tail;
    }

    static OutputPump start(String vm, InputStream from, OutputStream to, OutputTail tail) {
        OutputPump pump = new OutputPump(vm, from, to, tail);
        Thread thread = new Thread(pump::run, "vmette-output-" + vm);
        thread.setDaemon(true);
        thread.start();
        return pump;
    }

    private void run() {
        byte[] chunk = new byte[CHUNK_BYTES];
        try (from) {
            for (int n = from.read(chunk); n >= 0; n = from.read(chunk)) {
                tail.append(chunk, n);
                pass(chunk, n);
            }
        } catch (IOException e) {
            LOG.warn("the output of VM {} ends here: {}", vm, e.getMessage());
        } finally {
            ended.countDown();
        }
    }

    /** Who does not take it any more must not keep the guest from writing. */
    private void pass(byte[] chunk, int length) {
        if (!wanted) {
            return;
        }
        try {
            to.write(chunk, 0, length);
            to.flush();
        } catch (IOException | RuntimeException e) {
            LOG.warn("the output of VM {} is dropped from here on: {}", vm, e.getMessage());
            wanted = false;
        }
    }

    /** Waits for the end of the output; after that time nothing more is passed on. What the library has left behind may hold it for ever. */
    void finish(long millis) throws InterruptedException {
        if (!ended.await(millis, TimeUnit.MILLISECONDS)) {
            wanted = false;
        }
    }
}
