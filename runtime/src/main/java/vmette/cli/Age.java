package vmette.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * An age as {@code --older-than} takes it.
 *
 * @param duration not negative
 */
record Age(Duration duration) {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,6})([smhdw])");
    private static final Map<String, Long> SECONDS = Map.of("s", 1L, "m", 60L, "h", 3600L, "d", 86_400L, "w", 604_800L);

    /** Reads 30d, 12h, 2w, 90m, 10s. */
    static final class Converter implements ITypeConverter<Age> {
        @Override
        public Age convert(String text) {
            Matcher age = FORM.matcher(text.toLowerCase(Locale.ROOT));
            if (!age.matches()) {
                throw new TypeConversionException("not an age");
            }
            return new Age(Duration.ofSeconds(Long.parseLong(age.group(1)) * SECONDS.get(age.group(2))));
        }
    }
}
