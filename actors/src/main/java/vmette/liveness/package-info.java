/**
 * Whether a VM is alive, judged by what is seen of it from outside: pure rules that know neither actors nor machines nor clocks. One
 * {@link vmette.liveness.Sample} after the other goes in, a {@link vmette.liveness.Verdict} comes out, and what is to be remembered is a
 * {@link vmette.liveness.Course}.
 */
package vmette.liveness;
