/**
 * What a runtime owns, on disk, so that it can be found after the runtime's death: an append-only file beside each {@code
 * RuntimeDirectory}, which is locked for as long as its owner lives.
 *
 * <p>A child is announced before it is spawned ({@link vmette.journal.JournalRecord.Intent}, synced), with a random mark that it gets
 * in its environment; then its pid and start time follow. One whose owner died in between is found by the mark. Each line has a checksum and
 * stands for itself: a line that is torn or damaged is passed over. The file is rewritten with what still lives when it has doubled.
 *
 * <p>Nothing here kills or removes what it reads about; {@code vmette.process} does, which also decides. Actors may add what happens to
 * their VMs by {@link vmette.journal.Journal#event}.
 */
package vmette.journal;
