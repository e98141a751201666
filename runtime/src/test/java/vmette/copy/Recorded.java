package vmette.copy;

import java.util.ArrayList;
import java.util.List;

/** Progress that is remembered. */
final class Recorded implements CopyProgress {
    long entries;
    long bytes;
    final List<String> leftOut = new ArrayList<>();

    @Override
    public void entry() {
        entries++;
    }

    @Override
    public void bytes(long count) {
        bytes += count;
    }

    @Override
    public void leftOut(String name, String why) {
        leftOut.add(name);
    }
}
