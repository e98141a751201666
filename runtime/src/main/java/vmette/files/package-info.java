/**
 * The files of a guest: {@link vmette.files.GuestFiles} reads, writes, lists and removes them, one at a time or as whole trees in tar
 * archives. Each operation is a built-in of the guest's agent, run as a command of its own ({@code docs/guest-protocol.md}), so that streams,
 * back-pressure and the one outcome are a command's. What a guest tells is not to be trusted; what it makes of our bytes neither.
 */
package vmette.files;
