/**
 * The failures a caller can see, each with the {@link vmette.errors.Status} of the C ABI. Any module may throw them; a
 * subclass belongs where what it describes lives.
 */
package vmette.errors;
