/** What the benchmark of supervision sees of the test kit. */
package vmette.testkit;
