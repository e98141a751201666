package vmette.journal;

import java.util.Optional;

/**
 * A child of a runtime, from its journal.
 *
 * @param mark in its environment, if it has not thrown that away
 * @param boot in which pids mean something
 * @param what for people
 * @param spawned empty if the runtime died before it could say so
 */
public record OwnedChild(String mark, String boot, String what, Optional<JournalRecord.Spawned> spawned) {}
