/**
 * Fleets: the VMs that one file describes, by templates, counts and groups. {@link vmette.config.fleet.DeploymentFile} reads such a file and
 * refuses it with all its mistakes; {@link vmette.config.fleet.Deployment} is what it says; {@link vmette.config.fleet.DeploymentDiff} is
 * the way from one to another. All of it is pure: nothing here starts or touches a VM.
 */
package vmette.config.fleet;
