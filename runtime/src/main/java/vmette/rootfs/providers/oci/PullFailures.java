package vmette.rootfs.providers.oci;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.Path;
import javax.net.ssl.SSLException;
import vmette.errors.BadImageException;
import vmette.errors.VmetteException;
import vmette.errors.VmetteIoException;

/** What a failed pull is called where the user sees it: what, where, why, and what to do. */
final class PullFailures {
    private PullFailures() {}

    /** Whether the registry could not be reached, or could not answer just now. */
    static boolean isPassing(IOException failure) {
        if (failure instanceof RegistryRefusedException refused) {
            return refused.passes();
        }
        return !(failure instanceof InvalidImageException
                || failure instanceof RegistryFaultException
                || failure instanceof CacheException
                || failure instanceof NotCachedException);
    }

    /** Why, in a few words. */
    static String reason(IOException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
                return "no such host";
            }
        }
        if (failure instanceof HttpTimeoutException) {
            return "no answer in time";
        }
        if (failure instanceof ConnectException && failure.getMessage() == null) {
            return "connection refused";
        }
        String text = failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
        return failure instanceof SSLException ? "TLS: " + OciJson.shown(text) : OciJson.shown(text);
    }

    static VmetteException of(ImageReference reference, Path cache, IOException failure) {
        String image = "the image " + reference;
        String registry = reference.registry();
        if (failure instanceof NotCachedException) {
            return new VmetteIoException(
                    image + " is not complete in the cache " + cache + ", and the network must not be used: "
                            + failure.getMessage() + " is missing; run it once without --offline",
                    failure);
        }
        if (failure instanceof CacheException) {
            return new VmetteIoException(
                    image + " cannot be put into the cache " + cache + ": " + failure.getMessage()
                            + "; check that there is space and that it may be written",
                    failure);
        }
        if (failure instanceof InvalidImageException) {
            return new BadImageException(
                    image + " cannot be used: " + failure.getMessage() + "; check the reference, or take another image",
                    failure);
        }
        if (failure instanceof RegistryFaultException) {
            return new VmetteIoException(
                    image + " cannot be fetched from " + registry + ": " + failure.getMessage()
                            + "; check that it is the registry you mean, and tell who runs it",
                    failure);
        }
        if (failure instanceof RegistryRefusedException refused) {
            return new VmetteIoException(image + ": " + refused(reference, refused), failure);
        }
        return new VmetteIoException(
                image + " cannot be fetched from " + registry + ": " + reason(failure)
                        + "; check the network and the registry's name. What has come, if anything, is kept",
                failure);
    }

    private static String refused(ImageReference reference, RegistryRefusedException refused) {
        String registry = reference.registry();
        String answer = registry + " answered " + refused.getMessage();
        return switch (refused.status()) {
            case 401, 403 ->
                refused.credentialSent()
                        ? answer + ": it does not take the credential for it, or gives it no such image; check it"
                        : answer
                                + ": it does not give the image to everyone, or has none of this name; to show who asks, set "
                                + Credentials.variable(registry) + "=user:secret or run docker login " + registry;
            case 404 ->
                answer + ": it has no such image or tag; check the name"
                        + (refused.credentialSent()
                                ? ""
                                : "; a private one needs " + Credentials.variable(registry)
                                        + "=user:secret or docker login " + registry);
            case 429 ->
                answer + ": too many requests; try later"
                        + (refused.credentialSent() ? "" : ", or with a credential, which may get more");
            default ->
                refused.passes()
                        ? answer + ": it has a trouble of its own; try later"
                        : answer + ": it does not understand what it was asked; check that it is a registry";
        };
    }
}
