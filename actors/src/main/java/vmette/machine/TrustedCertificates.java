package vmette.machine;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import vmette.errors.InvalidConfigException;
import vmette.guest.protocol.HostFrame;

/** The certificates of a directory of the host ({@code vmette.vm.ca-certs}), on their way into a guest. */
final class TrustedCertificates {
    private static final Logger LOG = LoggerFactory.getLogger(TrustedCertificates.class);

    private static final Set<String> EXTENSIONS = Set.of("pem", "crt", "cer");

    /** Of all files: comments may be much longer than what they explain. */
    static final int MOST_READ = 8 << 20;

    /** Well beyond what browsers trust, which is some 150 in 250 KiB, and within what the agent takes. */
    static final int MOST_CERTIFICATES = 1000;

    static final int MOST_BYTES = 1000 << 10;

    /** Of a frame; one certificate may be longer. */
    static final int FRAME_BYTES = 256 << 10;

    private final Path directory;
    private final Consumer<String> progress;
    private final Instant now;
    private final Set<String> all = new LinkedHashSet<>();
    private int read;
    private int bytes;

    private TrustedCertificates(Path directory, Consumer<String> progress, Instant now) {
        this.directory = directory;
        this.progress = progress;
        this.now = now;
    }

    /**
     * All certificates of a directory's {@code *.pem}, {@code *.crt} and {@code *.cer}, each once, as PEM without anything else.
     *
     * @param progress told of those that are not valid now
     * @throws InvalidConfigException naming the directory or file and what is wrong with it
     */
    static List<String> read(Path directory, Consumer<String> progress, Instant now) {
        return new TrustedCertificates(directory.toAbsolutePath(), progress, now).read();
    }

    /** What the agent is told. */
    static List<HostFrame> frames(List<String> certificates) {
        List<HostFrame> frames = new ArrayList<>();
        List<String> next = new ArrayList<>();
        int size = 0;
        for (String certificate : certificates) {
            if (!next.isEmpty() && size + certificate.length() > FRAME_BYTES) {
                frames.add(new HostFrame.Trust(next));
                next.clear();
                size = 0;
            }
            next.add(certificate);
            size += certificate.length();
        }
        if (!next.isEmpty()) {
            frames.add(new HostFrame.Trust(next));
        }
        return frames;
    }

    private List<String> read() {
        Set<Path> files = files();
        if (files.isEmpty()) {
            throw refusal("it holds no *.pem, *.crt or *.cer: put certificates into it, or leave ca-certs out");
        }
        for (Path file : files) {
            for (X509Certificate certificate : PemCertificates.parse(file.toString(), content(file))) {
                add(file, certificate);
            }
        }
        return List.copyOf(all);
    }

    /** By name, so that every boot sees the same order. */
    private Set<Path> files() {
        if (!Files.isDirectory(directory)) {
            throw refusal(
                    Files.exists(directory)
                            ? "it is not a directory: name the one that the certificates are in"
                            : "there is no such directory");
        }
        Set<Path> files = new TreeSet<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
                if (EXTENSIONS.contains(extension) && name.length() > extension.length()) {
                    files.add(entry);
                } else {
                    LOG.debug("{} is left out: its name is none of a certificate", entry);
                }
                if (files.size() > MOST_CERTIFICATES) {
                    throw tooMany();
                }
            }
        } catch (DirectoryIteratorException e) {
            throw refusal("it cannot be read: " + why(e.getCause()), e.getCause());
        } catch (IOException e) {
            throw refusal("it cannot be read: " + why(e), e);
        }
        return files;
    }

    private byte[] content(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new InvalidConfigException("ca-certs: " + file + " is refused: "
                    + (Files.exists(file) ? "it is no regular file" : "it is a link that leads nowhere")
                    + "; take it out of the directory");
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] content = in.readNBytes(MOST_READ - read + 1);
            read += content.length;
            if (read > MOST_READ) {
                throw refusal("its files are longer than " + (MOST_READ >> 20)
                        + " MiB together: leave out what is no certificate, or comments");
            }
            return content;
        } catch (IOException e) {
            throw new InvalidConfigException("ca-certs: the file " + file + " cannot be read: " + why(e), e);
        }
    }

    private void add(Path file, X509Certificate certificate) {
        String pem = PemCertificates.write(certificate);
        if (!all.add(pem)) {
            return;
        }
        bytes += pem.length();
        if (all.size() > MOST_CERTIFICATES || bytes > MOST_BYTES) {
            throw tooMany();
        }
        Instant end = certificate.getNotAfter().toInstant();
        Instant begin = certificate.getNotBefore().toInstant();
        if (end.isBefore(now) || begin.isAfter(now)) {
            progress.accept("the certificate "
                    + Printable.of(certificate.getSubjectX500Principal().getName()) + " of "
                    + file
                    + (end.isBefore(now) ? " has been invalid since " + day(end) : " is not valid before " + day(begin))
                    + "; the guest gets it all the same");
        }
    }

    private static Object day(Instant time) {
        return time.atOffset(ZoneOffset.UTC).toLocalDate();
    }

    private InvalidConfigException tooMany() {
        return refusal("a guest takes at most " + MOST_CERTIFICATES + " certificates of " + (MOST_BYTES >> 10)
                + " KiB together: leave in it those that its own bundle lacks");
    }

    private static String why(IOException e) {
        return e instanceof AccessDeniedException ? "this user may not read it" : e.toString();
    }

    private InvalidConfigException refusal(String why) {
        return refusal(why, null);
    }

    private InvalidConfigException refusal(String why, Throwable cause) {
        return new InvalidConfigException("ca-certs = " + directory + " is refused: " + why, cause);
    }
}
