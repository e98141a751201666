/** Networks of user mode: what connects a guest's card with the host's network without any rights on it. */
package vmette.net;
