package vmette.guest.protocol;

/** An enum constant that travels as one {@code u8}. */
interface WireValue {
    int wire();
}
