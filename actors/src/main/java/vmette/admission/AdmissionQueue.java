package vmette.admission;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import vmette.config.WhenFull;

/**
 * Who may come up, and who next: a limit of those that start at once and one of memory. Pure but for the book it keeps: each question is answered by what follows
 * from it. Not for several threads.
 *
 * <p>VMs that have been up before go first, but {@value #AGAIN_IN_A_ROW} in a row at most, and their memory is still theirs. Of the others groups take turns, each in the order in which its VMs came. One whose memory
 * is not to be had lets those of other groups pass, but only {@value #PATIENCE} of them: after that what becomes free is kept for it. One that has given its memory back waits for some like these, but is not refused.
 */
final class AdmissionQueue {
    /** How many others a VM lets pass. */
    static final int PATIENCE = 16;

    /** How many that have been up before go first in a row: those that fail again and again must not keep out all others. */
    static final int AGAIN_IN_A_ROW = 4;

    private final int slots;
    private final long memoryMib;
    private final int longest;
    private final Deque<Entrant> again = new ArrayDeque<>();
    // In the order of their next turns.
    private final Map<String, Deque<Entrant>> groups = new LinkedHashMap<>();
    private int waiting;
    private int inARow;
    private int starting;
    private long reservedMib;

    /**
     * @param slots the most that start at once
     * @param memoryMib the most memory of all
     * @param longest the most that wait for their first start
     */
    AdmissionQueue(int slots, long memoryMib, int longest) {
        this.slots = slots;
        this.memoryMib = memoryMib;
        this.longest = longest;
    }

    /** A VM wants to come up, for the first time or again. */
    List<Verdict> enter(Entrant entrant, Instant now) {
        if (entrant.stage != Entrant.Stage.OUTSIDE) {
            throw new IllegalStateException("VM " + entrant.vm + " has entered already");
        }
        entrant.since = now;
        entrant.passedOver = 0;
        if (entrant.reserved) {
            entrant.stage = Entrant.Stage.WAITING;
            again.addLast(entrant);
            return pump();
        }
        if (entrant.memoryMib > memoryMib) {
            return List.of(new Verdict(entrant, Verdict.Kind.TOO_LARGE));
        }
        entrant.stage = Entrant.Stage.WAITING;
        groups.computeIfAbsent(entrant.group, group -> new ArrayDeque<>()).addLast(entrant);
        waiting += entrant.known ? 0 : 1;
        List<Verdict> verdicts = new ArrayList<>(pump());
        if (entrant.stage == Entrant.Stage.WAITING
                && !entrant.known
                && (entrant.whenFull == WhenFull.FAIL || waiting > longest)) {
            Entrant refused = entrant.whenFull == WhenFull.FAIL ? entrant : toShed().orElse(entrant);
            remove(refused);
            verdicts.add(new Verdict(refused, refused == entrant ? Verdict.Kind.REFUSED : Verdict.Kind.SHED));
        }
        return verdicts;
    }

    /** The one that has waited longest of those that give up their places; of the group with the most that wait. */
    private Optional<Entrant> toShed() {
        return groups.values().stream()
                .sorted(Comparator.comparing(group -> -group.size()))
                .flatMap(Deque::stream)
                .filter(entrant -> entrant.whenFull == WhenFull.SHED && !entrant.known)
                .findFirst();
    }

    /** It comes up no more: it is up, or has failed to come up. Its memory stays its own. */
    List<Verdict> settled(Entrant entrant) {
        if (entrant.stage != Entrant.Stage.STARTING) {
            return List.of();
        }
        entrant.stage = Entrant.Stage.OUTSIDE;
        starting--;
        return pump();
    }

    /** It does not want to come up any more, if it still waits. */
    List<Verdict> cancel(Entrant entrant) {
        if (entrant.stage != Entrant.Stage.WAITING) {
            return List.of();
        }
        remove(entrant);
        List<Verdict> verdicts = new ArrayList<>();
        verdicts.add(new Verdict(entrant, Verdict.Kind.CANCELLED));
        // It may have been what kept others waiting.
        verdicts.addAll(pump());
        return verdicts;
    }

    /** The VM has ended: what it had is free. */
    List<Verdict> end(Entrant entrant) {
        return vacate(entrant);
    }

    /** What it had is free, until it enters again: then it waits for memory as any other, but is not refused. */
    List<Verdict> vacate(Entrant entrant) {
        List<Verdict> verdicts = new ArrayList<>(cancel(entrant));
        if (entrant.stage == Entrant.Stage.STARTING) {
            entrant.stage = Entrant.Stage.OUTSIDE;
            starting--;
        }
        if (entrant.reserved) {
            entrant.reserved = false;
            reservedMib -= entrant.memoryMib;
        }
        verdicts.addAll(pump());
        return verdicts;
    }

    private void remove(Entrant entrant) {
        entrant.stage = Entrant.Stage.OUTSIDE;
        if (entrant.reserved) {
            again.remove(entrant);
            return;
        }
        Deque<Entrant> group = groups.get(entrant.group);
        group.remove(entrant);
        if (group.isEmpty()) {
            groups.remove(entrant.group);
        }
        waiting -= entrant.known ? 0 : 1;
    }

    /** Lets in who may. */
    private List<Verdict> pump() {
        List<Verdict> admitted = new ArrayList<>();
        while (starting < slots) {
            Optional<Entrant> next = next();
            if (next.isEmpty()) {
                break;
            }
            inARow = next.get().reserved ? inARow + 1 : 0;
            admit(next.get());
            admitted.add(new Verdict(next.get(), Verdict.Kind.ADMITTED));
        }
        return admitted;
    }

    private Optional<Entrant> next() {
        Optional<Entrant> first = Optional.ofNullable(again.peekFirst());
        if (first.isPresent() && inARow < AGAIN_IN_A_ROW) {
            return first;
        }
        return nextOfGroups().or(() -> first);
    }

    private void admit(Entrant entrant) {
        remove(entrant);
        if (!entrant.reserved) {
            Deque<Entrant> rest = groups.remove(entrant.group);
            if (rest != null) {
                groups.put(entrant.group, rest);
            }
            entrant.reserved = true;
            reservedMib += entrant.memoryMib;
        }
        entrant.known = true;
        entrant.stage = Entrant.Stage.STARTING;
        starting++;
    }

    private Optional<Entrant> nextOfGroups() {
        Optional<Entrant> owed = heads().stream()
                .filter(head -> head.passedOver >= PATIENCE)
                .min(Comparator.comparing(head -> head.since));
        if (owed.isPresent()) {
            return owed.filter(this::fits);
        }
        Optional<Entrant> next = heads().stream().filter(this::fits).findFirst();
        next.ifPresent(chosen -> heads().stream()
                .filter(head -> !fits(head) && !head.since.isAfter(chosen.since))
                .forEach(head -> head.passedOver++));
        return next;
    }

    private List<Entrant> heads() {
        return groups.values().stream().map(Deque::peekFirst).toList();
    }

    private boolean fits(Entrant entrant) {
        return entrant.memoryMib <= memoryMib - reservedMib;
    }

    /** Names of all that wait. */
    Set<String> waiting() {
        Set<String> names = new HashSet<>();
        again.forEach(entrant -> names.add(entrant.vm));
        groups.values().forEach(group -> group.forEach(entrant -> names.add(entrant.vm)));
        return names;
    }

    AdmissionStatus status() {
        List<AdmissionStatus.Waiting> waits = new ArrayList<>();
        again.forEach(entrant -> waits.add(waits(entrant)));
        groups.values().stream()
                .flatMap(Deque::stream)
                .sorted(Comparator.comparing(entrant -> entrant.since))
                .forEach(entrant -> waits.add(waits(entrant)));
        return new AdmissionStatus(starting, slots, reservedMib, memoryMib, waits);
    }

    private AdmissionStatus.Waiting waits(Entrant entrant) {
        return new AdmissionStatus.Waiting(
                entrant.vm,
                entrant.group,
                entrant.memoryMib,
                entrant.since,
                entrant.known,
                !entrant.reserved && !fits(entrant));
    }
}
