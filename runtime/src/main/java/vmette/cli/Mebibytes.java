package vmette.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A size as {@code --scratch} takes it.
 *
 * @param count MiB, 0 or more
 */
record Mebibytes(long count) {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,9})(?:([MGT])(?:I?B)?)?");

    /** Reads 8G, 512M, 512MiB, or a bare number of MiB. */
    static final class Converter implements ITypeConverter<Mebibytes> {
        @Override
        public Mebibytes convert(String text) {
            Matcher size = FORM.matcher(text.toUpperCase(Locale.ROOT));
            if (!size.matches()) {
                throw new TypeConversionException("not a size");
            }
            int shift = size.group(2) == null ? 0 : "MGT".indexOf(size.group(2)) * 10;
            return new Mebibytes(Long.parseLong(size.group(1)) << shift);
        }
    }
}
