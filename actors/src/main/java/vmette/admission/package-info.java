/**
 * How many VMs come up at once, and how much memory they have together. {@link vmette.admission.AdmissionQueue} decides, and does nothing else;
 * {@link vmette.admission.AdmissionControl} asks it and tells those who wait. A supervisor knows its VM's {@link vmette.admission.VmAdmission} only.
 */
package vmette.admission;
