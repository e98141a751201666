/**
 * Pools of ready VMs: who gets one, when others are begun, which are given up. {@link vmette.pool.PoolRules} decides, and is pure;
 * {@link vmette.pool.Pool} keeps the book and does what was decided; what a VM is, where it comes from and how time passes is given to it. {@code vmette.VmPool}
 * is what programs see of it.
 */
package vmette.pool;
