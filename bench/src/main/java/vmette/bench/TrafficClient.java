package vmette.bench;

/** The host's end of the traffic with one VM, through one interface. Used by one thread. */
interface TrafficClient {
    /** Where {@code vsock-traffic} listens. */
    int PORT = 5000;

    String name();

    /**
     * Opens connections, gives each the order, and waits until all have done it.
     *
     * @return nanoseconds from before the first order until the last byte
     */
    long transfer(TrafficOrder order, int streams);

    /**
     * Sends a message, waits until it has come back, and so on.
     *
     * @return the nanoseconds of each round trip
     */
    long[] pingPong(int size, int rounds);
}
