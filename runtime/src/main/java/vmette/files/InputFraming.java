package vmette.files;

import akka.NotUsed;
import akka.stream.javadsl.Flow;
import akka.stream.javadsl.Source;
import akka.util.ByteString;

/**
 * The input of a built-in: chunks, each behind its length in a little-endian u32, and a length of 0 as the end. Without that end the guest
 * knows that we have failed, however the connection ended.
 */
final class InputFraming {
    private static final ByteString END = length(0);

    private InputFraming() {}

    static Flow<ByteString, ByteString, NotUsed> flow() {
        return Flow.<ByteString>create()
                .filter(ByteString::nonEmpty)
                .map(chunk -> length(chunk.size()).concat(chunk))
                .concat(Source.single(END));
    }

    private static ByteString length(int size) {
        return ByteString.fromArrayUnsafe(
                new byte[] {(byte) size, (byte) (size >> 8), (byte) (size >> 16), (byte) (size >> 24)});
    }
}
