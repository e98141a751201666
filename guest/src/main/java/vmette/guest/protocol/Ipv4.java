package vmette.guest.protocol;

/**
 * An IPv4 address.
 *
 * @param bits its four bytes, the first in the highest
 */
public record Ipv4(int bits) {
    /** From its four numbers, 0 to 255. */
    public static Ipv4 of(int a, int b, int c, int d) {
        if (((a | b | c | d) & ~255) != 0) {
            throw new IllegalArgumentException(a + "." + b + "." + c + "." + d + " is no address");
        }
        return new Ipv4(a << 24 | b << 16 | c << 8 | d);
    }

    /**
     * From four decimal numbers with dots between them.
     *
     * @throws IllegalArgumentException if it is something else
     */
    public static Ipv4 parse(String text) {
        String[] parts = text.split("\\.", -1);
        if (parts.length != 4) {
            throw new IllegalArgumentException(text + " is no address");
        }
        return of(
                Integer.parseInt(parts[0]),
                Integer.parseInt(parts[1]),
                Integer.parseInt(parts[2]),
                Integer.parseInt(parts[3]));
    }

    byte[] bytes() {
        return new byte[] {(byte) (bits >>> 24), (byte) (bits >>> 16), (byte) (bits >>> 8), (byte) bits};
    }

    @Override
    public String toString() {
        return (bits >>> 24) + "." + (bits >>> 16 & 255) + "." + (bits >>> 8 & 255) + "." + (bits & 255);
    }
}
