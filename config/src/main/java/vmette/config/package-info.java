/**
 * What a user can say: {@link vmette.config.VmSpec} for one VM and {@link vmette.config.RuntimeSettings} for the runtime,
 * both immutable and checked when they are made. {@code reference.conf} explains every key.
 */
package vmette.config;
