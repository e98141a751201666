/**
 * The runtime's meters, as {@code docs/metrics.md} has them: {@link vmette.metrics.VmetteMetrics} for a registry of the program's own, {@link
 * vmette.metrics.MetricsEndpoint} for Prometheus. No class of Micrometer's is loaded before one of the two is asked for.
 */
package vmette.metrics;
