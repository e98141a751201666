/** The {@code vmette} command line. */
package vmette.cli;
