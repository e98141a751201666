package vmette.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.NotEmpty;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import vmette.config.ExecSpec;
import vmette.errors.InvalidConfigException;

/** What is told in words, credit, and the tail of events: each against all that a peer may send. */
class ControlWordsTest {
    private static ExecSpec read(List<List<String>> parts) throws IOException {
        Iterator<List<String>> left = parts.iterator();
        return CommandWords.read(() -> {
            if (!left.hasNext()) {
                throw new IOException("a control connection that has ended");
            }
            return left.next();
        });
    }

    @Property(tries = 300)
    void commandsComeBack(
            @ForAll @Size(min = 1, max = 200) List<@StringLength(max = 5) @NotEmpty String> arguments,
            @ForAll @Size(max = 5)
                    Map<@AlphaChars @StringLength(min = 1, max = 5) String, @StringLength(max = 5) String> env,
            @ForAll boolean stdin,
            @ForAll Optional<@IntRange(max = 65535) Integer> rows)
            throws IOException {
        ExecSpec spec = ExecSpec.of(
                arguments.stream().map(word -> word.replace('\0', '0')).toList());
        for (Map.Entry<String, String> variable : env.entrySet()) {
            spec = spec.withEnv(variable.getKey(), variable.getValue().replace('\0', '0'));
        }
        spec = rows.isPresent() ? spec.withTerminal(rows.get(), 80) : spec;
        spec = stdin ? spec : spec.withoutStdin();
        List<List<String>> parts = CommandWords.of(spec);
        assertThat(parts).allSatisfy(part -> assertThat(part).hasSizeLessThanOrEqualTo(ControlCodec.MAX_WORDS));
        assertThat(read(parts)).isEqualTo(spec);
    }

    @Property(tries = 300)
    void anyWordsAreACommandOrAreRefused(@ForAll @Size(max = 6) List<@Size(max = 4) List<String>> parts) {
        List<List<String>> all = new ArrayList<>(parts);
        for (String word : List.of("arguments", "env", "user", "directory", "terminal", "stdin", "x")) {
            for (List<String> part : parts) {
                List<String> known = new ArrayList<>(List.of(word));
                known.addAll(part);
                all.add(known);
            }
        }
        Collections.shuffle(all, new java.util.Random(parts.hashCode()));
        all.add(List.of("go"));
        try {
            assertThat(read(all)).isNotNull();
        } catch (IOException | InvalidConfigException refused) {
            assertThat(refused).hasMessageNotContaining("null");
        }
    }

    @Example
    void aCommandWithoutEndIsRefused() {
        List<String> part = List.of("arguments", "x".repeat(10_000));
        assertThatThrownBy(() -> CommandWords.read(() -> part)).isInstanceOf(InvalidConfigException.class);
        assertThatThrownBy(() -> CommandWords.read(() -> List.of())).isInstanceOf(InvalidConfigException.class);
    }

    @Property(tries = 300)
    void factsComeBack(@ForAll @Size(max = 32) Map<String, @NotEmpty String> values) throws IOException {
        Facts facts = new Facts(new LinkedHashMap<>(values));
        assertThat(Facts.of(facts.words())).isEqualTo(facts);
    }

    @Property(tries = 300)
    void anyWordsAreFactsOrAreRefused(@ForAll @Size(max = 64) List<String> words) {
        try {
            assertThat(Facts.of(words).values()).hasSize(words.size() / 2);
        } catch (IOException refused) {
            List<String> names = new ArrayList<>();
            for (int i = 0; i < words.size(); i += 2) {
                names.add(words.get(i));
            }
            assertThat(words.size() % 2 == 1 || new HashSet<>(names).size() < names.size())
                    .isTrue();
        }
    }

    @Example
    void aFactThatIsLongIsCut() throws IOException {
        Facts facts = Facts.of("text", "ü".repeat(100_000), "none", Optional.empty());
        assertThat(facts.get("none")).isEmpty();
        byte[] frame = ControlCodec.write(new ControlFrame.Answer(facts.words()));
        assertThat(frame).hasSizeLessThan(10_000);
        Map<String, String> many = new LinkedHashMap<>();
        for (int i = 0; i < Facts.MOST; i++) {
            many.put("name-" + i, "\uffff".repeat(100_000));
        }
        assertThat(ControlCodec.write(new ControlFrame.Answer(new Facts(many).words())))
                .hasSizeLessThan(ControlCodec.MAX_BODY);
    }

    @Property(tries = 300)
    void neverIsMoreTakenThanWasGranted(
            @ForAll @Size(max = 100) List<@IntRange(min = -Credit.CHUNK, max = Credit.CHUNK) Integer> steps)
            throws IOException {
        Credit credit = new Credit();
        long granted = Credit.WINDOW;
        long taken = 0;
        int waiting = 0;
        java.util.concurrent.CompletableFuture<Void> wait = null;
        for (int step : steps) {
            if (step < 0 && wait == null) {
                var taking = credit.take(-step).toCompletableFuture();
                if (taking.isDone()) {
                    taken -= step;
                } else {
                    wait = taking;
                    waiting = -step;
                }
            } else if (step > 0 && granted - taken + step <= Credit.MOST) {
                credit.grant(step);
                granted += step;
                if (wait != null && wait.isDone()) {
                    taken += waiting;
                    wait = null;
                }
            }
            assertThat(taken).isLessThanOrEqualTo(granted);
            assertThat(wait == null || waiting > granted - taken).isTrue();
        }
        credit.close();
        if (wait != null) {
            assertThat(wait).isCompletedExceptionally();
        }
        assertThatThrownBy(() -> new Credit().grant(Credit.MOST)).isInstanceOf(IOException.class);
    }

    @Property(tries = 100)
    void aReaderOfEventsSeesEachOrLearnsHowManyItMissed(
            @ForAll @Size(max = 30) List<@IntRange(max = 300) Integer> bursts) {
        EventTail tail = new EventTail();
        long position = tail.end();
        long seen = 0;
        long added = 0;
        for (int burst : bursts) {
            for (int i = 0; i < burst; i++) {
                tail.add(Facts.of("number", added++));
            }
            if (burst % 3 == 0) {
                EventTail.Page page = tail.read(position, Optional.empty());
                seen += page.missed() + page.events().size();
                position = page.next();
                assertThat(page.events().size()).isLessThanOrEqualTo(EventTail.KEPT);
                if (!page.events().isEmpty()) {
                    assertThat(page.events().get(page.events().size() - 1).number("number"))
                            .contains(added - 1);
                }
                assertThat(seen).isEqualTo(added);
                assertThat(tail.after(position).toCompletableFuture()).isNotDone();
            }
        }
        tail.close();
        assertThat(tail.after(tail.end()).toCompletableFuture()).isDone();
        assertThat(tail.isOver(tail.end())).isTrue();
    }
}
