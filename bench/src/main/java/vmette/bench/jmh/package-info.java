/** JMH benchmarks of parts: ring, codec and stage. {@code bench/run jmh} runs them; public because JMH wants it so. */
package vmette.bench.jmh;
