/** The stages behind {@link vmette.stream.Vsock}; not for use outside this module. */
package vmette.stream.internal;
