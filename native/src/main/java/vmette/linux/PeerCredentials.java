package vmette.linux;

/**
 * Who was at the other end when a Unix socket was connected, SO_PEERCRED in unix(7). A process may have ended and its
 * pid been given to another since.
 *
 * @param pid process
 * @param uid effective user
 * @param gid effective group
 */
public record PeerCredentials(int pid, int uid, int gid) {}
