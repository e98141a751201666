/**
 * The Java side of {@code libvmette.so}. C calls {@link vmette.capi.Entry} by JNI and nothing else, on threads of its own that are attached
 * for one call; one {@link vmette.Vmette} serves all runs of a process. Nobody else may call this package. docs/c-abi.md says what is promised.
 */
package vmette.capi;
