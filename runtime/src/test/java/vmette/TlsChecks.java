package vmette;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import vmette.machine.TestCertificates;

/** TLS connections over the host's loopback address, of a client that trusts what a bundle holds and nothing else. */
final class TlsChecks {
    private static final char[] NO_PASSWORD = {};

    private TlsChecks() {}

    static void believes(String bundle, TestCertificates.Holder server) throws Exception {
        assertThat(said(bundle, server)).isEqualTo('!');
    }

    static void doubts(String bundle, TestCertificates.Holder server) {
        assertThatThrownBy(() -> said(bundle, server)).isInstanceOf(SSLException.class);
    }

    private static int said(String bundle, TestCertificates.Holder holder) throws Exception {
        KeyStore keys = store();
        keys.setKeyEntry("server", holder.key().getPrivate(), NO_PASSWORD, new Certificate[] {holder.certificate()});
        KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
        own.init(keys, NO_PASSWORD);
        SSLContext server = SSLContext.getInstance("TLS");
        server.init(own.getKeyManagers(), null, null);
        KeyStore trusted = store();
        int number = 0;
        for (Certificate each : CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(bundle.getBytes(StandardCharsets.US_ASCII)))) {
            trusted.setCertificateEntry("a" + number++, each);
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext client = SSLContext.getInstance("TLS");
        client.init(null, trust.getTrustManagers(), null);
        try (SSLServerSocket listener = (SSLServerSocket)
                server.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            listener.setSoTimeout((int) Guests.DEADLINE_SECONDS * 1000);
            CompletableFuture<Void> served = CompletableFuture.runAsync(() -> serve(listener));
            try (Socket plain = new Socket(listener.getInetAddress(), listener.getLocalPort());
                    SSLSocket socket = (SSLSocket)
                            client.getSocketFactory().createSocket(plain, "localhost", listener.getLocalPort(), true)) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                socket.setSSLParameters(parameters);
                socket.setSoTimeout((int) Guests.DEADLINE_SECONDS * 1000);
                socket.startHandshake();
                return socket.getInputStream().read();
            } finally {
                Guests.await(served);
            }
        }
    }

    private static KeyStore store() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static void serve(SSLServerSocket listener) {
        try (SSLSocket socket = (SSLSocket) listener.accept()) {
            socket.getOutputStream().write('!');
        } catch (IOException e) {
            // The client has doubts, and says so itself.
        }
    }
}
