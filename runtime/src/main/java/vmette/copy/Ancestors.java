package vmette.copy;

import java.nio.file.Path;
import java.util.Iterator;
import java.util.NoSuchElementException;

/** The directories between a root and what is beneath it, the outermost first, both excluded. */
record Ancestors(Path root, Path beneath) implements Iterable<Path> {
    @Override
    public Iterator<Path> iterator() {
        Path relative = root.relativize(beneath);
        return new Iterator<>() {
            private Path at = root;
            private int next;

            @Override
            public boolean hasNext() {
                return next < relative.getNameCount() - 1;
            }

            @Override
            public Path next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                at = at.resolve(relative.getName(next++));
                return at;
            }
        };
    }
}
