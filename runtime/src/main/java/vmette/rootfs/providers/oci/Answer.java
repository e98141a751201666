package vmette.rootfs.providers.oci;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.util.regex.Pattern;

/**
 * What came of a request; to be closed.
 *
 * @param uri who answered in the end
 * @param status HTTP's
 * @param headers as they came
 * @param body to be read by one thread; fails when nothing comes for a while
 */
record Answer(URI uri, int status, HttpHeaders headers, InputStream body) implements AutoCloseable {
    private static final int MAX_ERROR = 16 << 10;
    private static final Pattern CODE = Pattern.compile("[A-Z][A-Z_]{0,39}");

    String header(String name) {
        return headers.firstValue(name).orElse("");
    }

    /** The whole body. */
    byte[] bytes(int most) throws IOException {
        byte[] bytes = body.readNBytes(most + 1);
        if (bytes.length > most) {
            throw new RegistryFaultException("the registry's answer is longer than " + most + " bytes");
        }
        return bytes;
    }

    /** The failure that this answer is, with the code of the distribution specification if it gives one. */
    RegistryRefusedException refusal(boolean credentialSent) {
        String code = "";
        try {
            JsonNode error = OciJson.object(body.readNBytes(MAX_ERROR), "the error")
                    .path("errors")
                    .path(0);
            String given = error.path("code").asText("");
            code = CODE.matcher(given).matches() ? given : "";
        } catch (IOException unsaid) {
            // the status says enough
        }
        return new RegistryRefusedException(status, code, credentialSent);
    }

    /** Takes what is left of a short body, so that the connection can serve the next request. */
    void drain() {
        try {
            body.readNBytes(MAX_ERROR);
        } catch (IOException broken) {
            // the next request has a new connection
        }
    }

    @Override
    public void close() {
        try {
            body.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
