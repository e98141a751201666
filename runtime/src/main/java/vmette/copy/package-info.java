/**
 * The host's side of copying: its files and directories packed for a guest, and what a guest has packed unpacked here. A guest's archive is
 * hostile; {@link vmette.copy.TreeUnpacker} says what it may do. Blocking; nothing here knows Akka or a VM.
 */
package vmette.copy;
