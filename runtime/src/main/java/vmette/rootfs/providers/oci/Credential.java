package vmette.rootfs.providers.oci;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** What proves to a registry who asks. None shows its secret in its text. */
sealed interface Credential {
    /** A name and a password, or an access token in its place. */
    record Basic(String user, String secret) implements Credential {
        /** The value of an Authorization header. */
        String header() {
            byte[] pair = (user + ":" + secret).getBytes(StandardCharsets.UTF_8);
            return "Basic " + Base64.getEncoder().encodeToString(pair);
        }

        @Override
        public String toString() {
            return "Basic[hidden]";
        }
    }

    /** A token that the registry itself takes. */
    record Bearer(String token) implements Credential {
        @Override
        public String toString() {
            return "Bearer[hidden]";
        }
    }

    /** A token that the token service changes for one that the registry takes; Docker calls it an identity token. */
    record Identity(String token) implements Credential {
        @Override
        public String toString() {
            return "Identity[hidden]";
        }
    }
}
