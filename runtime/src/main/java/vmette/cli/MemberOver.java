package vmette.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import vmette.group.MemberStatus;
import vmette.group.MemberStatus.State;

/**
 * That a VM of a fleet does not run, and will not by itself.
 *
 * @param givenUp whether it should run
 * @param why in a few words
 * @param reason in a line, where more is known
 */
record MemberOver(boolean givenUp, String why, Optional<String> reason) {
    /**
     * Those of a fleet, by name.
     *
     * @param members as the fleet has them
     * @param how in a word how a VM ended, as far as known
     */
    static Map<String, MemberOver> of(List<MemberStatus> members, Function<String, Optional<String>> how) {
        Map<String, MemberOver> over = new LinkedHashMap<>();
        collect(members, Optional.empty(), how, over);
        return over;
    }

    private static void collect(
            List<MemberStatus> members,
            Optional<MemberOver> around,
            Function<String, Optional<String>> how,
            Map<String, MemberOver> into) {
        for (MemberStatus member : members) {
            boolean failed = member.state() == State.FAILED;
            if (member.group()) {
                Optional<MemberOver> group = failed
                        ? Optional.of(new MemberOver(true, "given up with the group " + member.name(), member.reason()))
                        : Optional.empty();
                collect(member.children(), around.or(() -> group), how, into);
            } else if (around.isPresent()) {
                into.put(member.name(), around.get());
            } else if (failed) {
                into.put(member.name(), new MemberOver(true, "given up", member.reason()));
            } else if (member.state() == State.ENDED) {
                String word = how.apply(member.name()).orElse("ended").replace('-', ' ');
                into.put(member.name(), new MemberOver(false, word, member.reason()));
            }
        }
    }
}
