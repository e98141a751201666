package vmette.cli;

import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/** What a terminal shows of what is written to it: text, CR, LF, cursor up, erase to the end of the line and of the screen; anything else is an error. */
final class TerminalModel extends OutputStream {
    private final List<StringBuilder> rows = new ArrayList<>();
    private final StringBuilder sequence = new StringBuilder();
    private int row;
    private int column;

    @Override
    public void write(int value) {
        char c = (char) (value & 0xff);
        if (sequence.length() > 0) {
            escape(c);
        } else if (c == '\u001b') {
            sequence.append(c);
        } else if (c == '\r') {
            column = 0;
        } else if (c == '\n') {
            // As a terminal that is not raw does it.
            row++;
            column = 0;
        } else if (c >= ' ' && c <= '~') {
            StringBuilder line = line();
            while (line.length() <= column) {
                line.append(' ');
            }
            line.setCharAt(column++, c);
        } else {
            throw new IllegalArgumentException("a terminal would do something with " + value);
        }
    }

    private StringBuilder line() {
        while (rows.size() <= row) {
            rows.add(new StringBuilder());
        }
        return rows.get(row);
    }

    private void escape(char c) {
        sequence.append(c);
        if (c == '[' || Character.isDigit(c)) {
            return;
        }
        String number = sequence.substring(2, sequence.length() - 1);
        sequence.setLength(0);
        switch (c) {
            case 'A' -> row = Math.max(0, row - Integer.parseInt(number));
            case 'K' -> line().setLength(Math.min(column, line().length()));
            case 'J' -> {
                line().setLength(Math.min(column, line().length()));
                rows.subList(row + 1, rows.size()).clear();
            }
            default -> throw new IllegalArgumentException("an unknown sequence that ends with " + c);
        }
    }

    /** Its lines; none where nothing is at the end. */
    List<String> shown() {
        List<String> shown = new ArrayList<>(
                rows.stream().map(line -> line.toString().stripTrailing()).toList());
        while (!shown.isEmpty() && shown.get(shown.size() - 1).isEmpty()) {
            shown.remove(shown.size() - 1);
        }
        return shown;
    }

    /** Where the next character would be: on a line of its own, below all that is shown. */
    boolean isAtFreshLine() {
        return column == 0 && row >= shown().size();
    }
}
