/** The benchmarks that need what is the vsock device's own. */
package vmette.vsock;
