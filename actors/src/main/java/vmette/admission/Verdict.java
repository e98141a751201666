package vmette.admission;

/** What has become of a VM that wanted to come up. */
record Verdict(Entrant entrant, Kind kind) {
    enum Kind {
        /** It comes up now. */
        ADMITTED,
        /** It could not come up at once, or too many wait. */
        REFUSED,
        /** It gave up its place to a later one. */
        SHED,
        /** It wants more memory than all may have. */
        TOO_LARGE,
        /** It did not want to any more. */
        CANCELLED
    }
}
