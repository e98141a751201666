package vmette.journal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a journal's records come to: what its owner has, and what happened. Not thread-safe. */
public final class Ledger {
    private Optional<JournalEntry> began = Optional.empty();
    // By mark, and by path. An entry stays from its announcement to its end.
    private final Map<String, JournalEntry> intents = new LinkedHashMap<>();
    private final Map<String, JournalEntry> spawned = new LinkedHashMap<>();
    private final Map<String, JournalEntry> files = new LinkedHashMap<>();
    private final List<JournalEntry> events = new ArrayList<>();

    Ledger() {}

    static Ledger of(List<JournalEntry> entries) {
        Ledger ledger = new Ledger();
        entries.forEach(ledger::add);
        return ledger;
    }

    void add(JournalEntry entry) {
        JournalRecord record = entry.record();
        if (record instanceof JournalRecord.Began) {
            began = Optional.of(entry);
        } else if (record instanceof JournalRecord.Intent intent) {
            intents.put(intent.mark(), entry);
        } else if (record instanceof JournalRecord.Spawned child) {
            spawned.put(child.mark(), entry);
        } else if (record instanceof JournalRecord.Ended ended) {
            intents.remove(ended.mark());
            spawned.remove(ended.mark());
        } else if (record instanceof JournalRecord.FileMade made) {
            files.put(made.path(), entry);
        } else if (record instanceof JournalRecord.FileGone gone) {
            files.remove(gone.path());
        } else {
            events.add(entry);
        }
    }

    /** The least entries that come to the same. */
    List<JournalEntry> entries() {
        List<JournalEntry> all = new ArrayList<>();
        began.ifPresent(all::add);
        all.addAll(events);
        all.addAll(files.values());
        all.addAll(intents.values());
        all.addAll(spawned.values());
        return all;
    }

    /** Whose journal it is, and since when. */
    public Optional<JournalEntry> began() {
        return began;
    }

    /** Children that were announced or spawned, and whose end was not told. */
    public List<OwnedChild> children() {
        Map<String, OwnedChild> children = new LinkedHashMap<>();
        intents.forEach((mark, entry) -> {
            JournalRecord.Intent intent = (JournalRecord.Intent) entry.record();
            children.put(mark, new OwnedChild(mark, intent.boot(), describe(intent), Optional.empty()));
        });
        spawned.forEach((mark, entry) -> {
            JournalRecord.Spawned child = (JournalRecord.Spawned) entry.record();
            OwnedChild announced = children.get(mark);
            String what = announced == null ? "a child" : announced.what();
            children.put(mark, new OwnedChild(mark, child.boot(), what, Optional.of(child)));
        });
        return List.copyOf(children.values());
    }

    private static String describe(JournalRecord.Intent intent) {
        return intent.what() + " (" + intent.program()
                + (intent.vm().isEmpty() ? "" : ", VM " + intent.vm())
                + (intent.directory().isEmpty() ? "" : ", " + intent.directory())
                + ")";
    }

    /** Paths of files that were made outside the runtime's directory, and whose end was not told. */
    public List<String> files() {
        return List.copyOf(files.keySet());
    }

    /** What happened to VMs, oldest first. That of a living journal has none: they are in its file. */
    public List<JournalEntry> events() {
        return List.copyOf(events);
    }
}
