package vmette.rootfs.providers;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import vmette.errors.BadImageException;
import vmette.rootfs.providers.ImageNode.Inode;

/**
 * One archive of what several layers make, with every name once. It is made in two passes: the first looks only at names, the second passes the
 * contents on, in the order in which they come. Nothing is unpacked. Not thread-safe.
 */
final class FlatTar {
    /** What a squashfs image can have, root among them. */
    private static final int MOST_IDS = 65535;

    /** Sum of the squares of how many names directories have: sqfstar looks names up one by one, 50,000 in one directory in 22 s. */
    private static final long MOST_CROWD = 5_000_000_000L;

    private final Layers layers;
    private final List<List<Inode>> wanted = new ArrayList<>();
    private final List<String> implied = new ArrayList<>();
    private final byte[] buffer = new byte[1 << 16];
    private TarEntry root = TarEntry.impliedDirectory("");
    private long inodes = 1;

    private FlatTar(Layers layers) {
        this.layers = layers;
    }

    /**
     * The first pass.
     *
     * @param budget for all layers, unpacked
     */
    static FlatTar of(List<LayerSource> sources, ByteBudget budget) throws Layers.SinkException {
        FlatTar flat = new FlatTar(new Layers(sources));
        ImageTree tree = new ImageTree(ImageTree.MOST_NAMES);
        Set<Long> ids = new HashSet<>();
        flat.layers.forEach(budget, (entry, layer, number, content) -> {
            ids.add(entry.uid());
            ids.add(entry.gid());
            if (ids.size() > MOST_IDS) {
                throw new TarFormatException("there are more than " + MOST_IDS + " different owners and groups");
            }
            tree.add(entry, layer, number);
        });
        flat.root = tree.described();
        flat.collect(tree);
        return flat;
    }

    /** The root directory's owner, mode and time: archives cannot say that to those who make images. */
    TarEntry root() {
        return root;
    }

    /** How many files there are, the root among them; several names of one are one. */
    long inodes() {
        return inodes;
    }

    /**
     * The second pass.
     *
     * @throws Layers.SinkException when {@code to} takes no more
     */
    void writeTo(TarWriter to, ByteBudget budget) throws Layers.SinkException {
        try {
            for (String path : implied) {
                to.entry(TarEntry.impliedDirectory(path));
            }
        } catch (IOException e) {
            throw new Layers.SinkException(e);
        }
        int[] next = new int[layers.count()];
        layers.forEach(budget, (entry, layer, number, content) -> {
            List<Inode> here = wanted.get(layer);
            if (next[layer] < here.size() && here.get(next[layer]).entry == number) {
                copy(here.get(next[layer]++), entry, content, to);
            }
        });
        try {
            to.end();
        } catch (IOException e) {
            throw new Layers.SinkException(e);
        }
    }

    private void copy(Inode inode, TarEntry entry, TarReader content, TarWriter to) throws IOException {
        String path = inode.names.path();
        write(() -> to.entry(entry.named(path)));
        for (int count = content.read(buffer, 0, buffer.length);
                count >= 0;
                count = content.read(buffer, 0, buffer.length)) {
            int length = count;
            Interrupts.check("making an image");
            write(() -> to.content(buffer, length));
        }
        write(() -> to.pad(entry.size()));
        for (ImageNode other = inode.names.nextName; other != null; other = other.nextName) {
            TarEntry link = entry.linked(other.path(), path);
            write(() -> to.entry(link));
        }
    }

    private interface Writing {
        void run() throws IOException;
    }

    private static void write(Writing writing) throws Layers.SinkException {
        try {
            writing.run();
        } catch (IOException e) {
            throw new Layers.SinkException(e);
        }
    }

    private void collect(ImageTree tree) {
        for (int i = 0; i < layers.count(); i++) {
            wanted.add(new ArrayList<>());
        }
        Set<Inode> seen = new HashSet<>();
        long crowd = 0;
        Deque<ImageNode> left = new ArrayDeque<>();
        left.push(tree.root);
        while (!left.isEmpty()) {
            ImageNode directory = left.pop();
            crowd += (long) directory.children.size() * directory.children.size();
            if (crowd > MOST_CROWD) {
                throw new BadImageException(
                        "the layers make directories with too many files to make an image of, such as '"
                                + TarEntry.shown(directory.path()) + "' with " + directory.children.size()
                                + "; spread them over more directories");
            }
            for (ImageNode node : new TreeMap<>(directory.children).values()) {
                if (node.inode == Inode.IMPLIED) {
                    implied.add(node.path());
                    inodes++;
                } else {
                    node.nextName = node.inode.names;
                    node.inode.names = node;
                    if (seen.add(node.inode)) {
                        wanted.get(node.inode.layer).add(node.inode);
                        inodes++;
                    }
                }
                if (node.isDirectory()) {
                    left.push(node);
                }
            }
        }
        wanted.forEach(layer -> layer.sort(Comparator.comparingInt((Inode inode) -> inode.entry)));
    }
}
