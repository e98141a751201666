package vmette.guest;

import java.io.IOException;
import java.io.InputStream;
import vmette.errors.VmetteIoException;

/** The program that is PID 1 of every VM: a static executable for x86-64. */
public final class GuestAgent {
    private static final String RESOURCE = "/vmette/guest/agent-x86_64";

    private final byte[] executable;

    private GuestAgent(byte[] executable) {
        this.executable = executable;
    }

    /**
     * The agent that was built with these classes.
     *
     * @throws VmetteIoException when the build has left it out
     */
    public static GuestAgent fromClasspath() {
        try (InputStream resource = GuestAgent.class.getResourceAsStream(RESOURCE)) {
            if (resource == null) {
                throw new VmetteIoException("the guest's agent " + RESOURCE
                        + " is not on the class path: this vmette was built without it; build it with Maven and gcc");
            }
            return new GuestAgent(resource.readAllBytes());
        } catch (IOException e) {
            throw new VmetteIoException("cannot read the guest's agent " + RESOURCE + " from the class path: " + e, e);
        }
    }

    /** An agent with these bytes, which are copied. */
    public static GuestAgent of(byte[] executable) {
        return new GuestAgent(executable.clone());
    }

    /** The executable itself; not to be changed. */
    byte[] executable() {
        return executable;
    }
}
