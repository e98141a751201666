package vmette;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The attacks of src/test/c/hostile-driver.c. */
final class HostileAttacks {
    private HostileAttacks() {}

    /** Those that a device outlives, in the order in which they are run. */
    static List<String> outlived() {
        return List.of(
                "short-headers",
                "write-only",
                "lying-lengths",
                "wrong-cids",
                "unknown-ops",
                "request-flood",
                "listener-flood",
                "credit-cheat",
                "one-byte-packets",
                "credit-nonsense",
                "no-rx-buffers",
                "tiny-rx-buffers",
                "same-head",
                "changing-descriptors",
                "kick-storm",
                "reset-storm",
                "configuration",
                "moved-rings");
    }

    /** Those that end their device, and what is said of them. */
    static Map<String, String> fatal() {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("head-out-of-range", "available ring names descriptor 128 of 128");
        all.put("next-out-of-range", "chain goes on at descriptor 128 of 128");
        all.put("loop", "chain has more than 128 descriptors, or loops");
        all.put("nested-indirect", "indirect descriptor inside an indirect table");
        all.put("indirect-length", "indirect table has 17 bytes");
        all.put("indirect-loop", "chain has more than 128 descriptors, or loops");
        all.put("beyond-memory", "no guest memory for 44 bytes at 0x10000000000000");
        all.put("length-overflow", "chain describes more than 2^31-1 bytes");
        all.put("address-overflow", "no guest memory for 44 bytes at 0xfffffffffffffff5");
        all.put("readable-after-writable", "readable descriptor after a writable one");
        all.put("available-jump", "past the ring's size of 128");
        all.put("ring-zeroed", "past the ring's size of 128");
        all.put("rx-over-its-ring", "past the ring's size of 128");
        all.put("misplaced-ring", "is not aligned to 4");
        all.put("ring-outside-memory", "ring 1 lies outside the guest's memory");
        return all;
    }
}
