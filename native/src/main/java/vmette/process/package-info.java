/**
 * Children and files that never outlive this JVM.
 *
 * <p>Four guards stand behind each other. While the JVM lives, {@link vmette.process.ChildProcesses#close} (or its
 * shutdown hook: end of main, Ctrl-C, SIGTERM) kills the children, waits for them and removes the {@link
 * vmette.process.RuntimeDirectory}. When the JVM dies without a word (kill -9, a crash), the kernel kills each child by
 * {@code PR_SET_PDEATHSIG} and a small helper process, the janitor, sees its standard input end, waits for the
 * children and removes the directory. What even that misses, because the janitor was killed or the host went down, the
 * next runtime ends and sweeps: it reads the {@link vmette.journal.Journal}s of dead ones, and a directory whose lock file is not
 * locked has no living owner.
 *
 * <p>{@code PR_SET_PDEATHSIG} is tied to the spawning <em>thread</em>, hence all children are spawned by one thread that
 * lives as long as they may. Children run in sessions of their own, so that a terminal's Ctrl-C reaches the JVM only,
 * which then ends them in order.
 *
 * <p>Used by {@code vmette.qemu} and by whoever runs helper daemons for a VM. Nothing here knows what the children are.
 */
package vmette.process;
