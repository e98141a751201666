/**
 * When a VM that nobody uses is saved and stopped, and when it is woken. {@link vmette.passivation.Passivity} decides, and does nothing; a supervisor tells it what
 * happens and acts upon its word.
 */
package vmette.passivation;
