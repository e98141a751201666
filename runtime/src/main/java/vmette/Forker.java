package vmette;

import java.util.List;
import java.util.concurrent.CompletionStage;

/** Makes clones of a VM. */
@FunctionalInterface
public interface Forker {
    /**
     * So many clones, all of one instant, ready and nobody else's. Must not block; what it throws is a failure as that of its stage is.
     *
     * @param n at least 1
     * @return completes, or fails with none left behind, within a time that the forker sees to
     */
    CompletionStage<List<VmHandle>> fork(int n);
}
