package vmette.capi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The C library's check of texts, against Java's own strict decoder. */
class Utf8Test {
    private static final int RANDOM = Boolean.getBoolean("vmette.full") ? 5_000_000 : 200_000;

    /** Where what may follow changes. */
    private static final int[] EDGES = {
        0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
        0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xfb, 0xfc, 0xfe, 0xff
    };

    @TempDir
    Path directory;

    private static boolean isValid(byte[] text) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    /** Every text of up to four edges, with and without something behind it, and random ones. */
    private static List<byte[]> texts(Random random) {
        List<byte[]> texts = new ArrayList<>(List.of(new byte[0]));
        int begin = 0;
        for (int length = 1; length <= 4; length++) {
            int end = texts.size();
            for (int i = begin; i < end; i++) {
                for (int edge : length < 4 ? EDGES : new int[] {0x41, 0x80, 0xbf, 0xc2}) {
                    byte[] longer = java.util.Arrays.copyOf(texts.get(i), length);
                    longer[length - 1] = (byte) edge;
                    texts.add(longer);
                }
            }
            begin = end;
        }
        for (int i = 0; i < RANDOM; i++) {
            StringBuilder whole = new StringBuilder();
            for (int n = random.nextInt(6); n >= 0; n--) {
                whole.appendCodePoint(1 + random.nextInt(1 << (1 + random.nextInt(20))));
            }
            byte[] text = whole.toString().getBytes(StandardCharsets.UTF_8);
            if (random.nextBoolean()) {
                text[random.nextInt(text.length)] = (byte) EDGES[random.nextInt(EDGES.length)];
            }
            texts.add(text);
        }
        return texts;
    }

    @Test
    void agreesWithJavasStrictDecoder() throws Exception {
        Path program = directory.resolve("utf8_check");
        assertThat(new ProcessBuilder(
                                "gcc",
                                "-Wall",
                                "-Werror",
                                "-fsanitize=undefined",
                                "-fno-sanitize-recover",
                                "-o",
                                program.toString(),
                                "src/test/c/utf8_check.c",
                                "src/main/c/utf8.c")
                        .inheritIO()
                        .start()
                        .waitFor())
                .isZero();
        long seed = new Random().nextLong();
        List<byte[]> texts = texts(new Random(seed));
        Path input = Files.write(directory.resolve("input"), records(texts));
        Path answers = directory.resolve("answers");
        Process process = new ProcessBuilder(program.toString())
                .redirectInput(input.toFile())
                .redirectOutput(answers.toFile())
                .start();
        assertThat(process.waitFor()).isZero();
        byte[] said = Files.readAllBytes(answers);
        assertThat(said).hasSize(texts.size());
        int valid = 0;
        for (int i = 0; i < said.length; i++) {
            boolean expected = isValid(texts.get(i));
            valid += expected ? 1 : 0;
            if ((said[i] == '1') != expected) {
                assertThat(texts.get(i))
                        .as("seed %d, should be %s", seed, expected)
                        .isNull();
            }
        }
        assertThat(valid).as("both kinds are there").isBetween(texts.size() / 10, texts.size() * 9 / 10);
    }

    private static byte[] records(List<byte[]> texts) throws IOException {
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        for (byte[] text : texts) {
            records.write(text.length >> 8);
            records.write(text.length);
            records.write(text);
        }
        return records.toByteArray();
    }
}
