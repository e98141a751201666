package vmette.config;

/**
 * {@code vmette.metrics}: meters for Prometheus.
 *
 * @param port of the loopback address, to 65535; 0: any that is free; negative: none
 */
public record MetricsSettings(int port) {
    private static final int LARGEST_PORT = 65_535;

    /** Checks what is given. */
    public MetricsSettings {
        Checks.range("metrics.port", port, Integer.MIN_VALUE, LARGEST_PORT);
    }

    static MetricsSettings from(Section section) {
        return new MetricsSettings(section.integer("port", Integer.MIN_VALUE, LARGEST_PORT));
    }

    /** Whether there is to be one. */
    public boolean isOn() {
        return port >= 0;
    }
}
