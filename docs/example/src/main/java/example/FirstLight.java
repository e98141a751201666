package example;

import vmette.errors.Status;

/** Shows that the library is there. */
public final class FirstLight {
    private FirstLight() {}

    public static void main(String[] args) {
        System.out.println(Status.OK);
    }
}
