/**
 * A guest's physical memory as the back-end sees it: a table of regions over a source. {@link
 * vmette.memory.GuestMemory} is what devices use; {@link vmette.memory.MappedGuestMemory} maps the shared file that the
 * front-end sends, {@link vmette.memory.RemoteGuestMemory} reads and writes the front-end's private memory instead. What is
 * touched for every packet is looked up once as a {@link vmette.memory.MemoryArea}.
 */
package vmette.memory;
