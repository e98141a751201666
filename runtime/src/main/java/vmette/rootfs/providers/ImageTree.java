package vmette.rootfs.providers;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import vmette.rootfs.providers.ImageNode.Inode;

/**
 * The names that layers make of one another, the lowest first, by the rules of OCI image layers. It knows where the content is and holds
 * none. Names lead through symbolic links as they would in the image, never out of it. Not thread-safe.
 */
final class ImageTree {
    /** Names, directories that are implied among them. */
    static final int MOST_NAMES = 1_000_000;

    private static final String WHITEOUT = ".wh.";
    private static final String OPAQUE = ".wh..wh..opq";
    private static final int MOST_LINKS = 40;
    private static final long MOST_STEPS = 200_000_000;

    final ImageNode root = new ImageNode("", null, Inode.IMPLIED, 0);
    private final int mostNames;
    private TarEntry described = TarEntry.impliedDirectory("");
    private int names;
    private long steps;

    ImageTree(int mostNames) {
        this.mostNames = mostNames;
    }

    /** What was last said of the root itself. */
    TarEntry described() {
        return described;
    }

    /**
     * Puts an entry where it belongs.
     *
     * @param layer from 0, never lower than before
     * @param number of the entry in the layer
     */
    void add(TarEntry entry, int layer, int number) throws TarFormatException {
        List<String> path = EntryName.components(entry.name());
        if (path.isEmpty()) {
            if (entry.kind() != EntryKind.DIRECTORY) {
                throw new TarFormatException("it has a root that is no directory");
            }
            described = entry;
            return;
        }
        String name = path.get(path.size() - 1);
        List<String> parents = path.subList(0, path.size() - 1);
        if (name.startsWith(WHITEOUT)) {
            whiteout(name, parents, layer);
            return;
        }
        ImageNode parent = walk(parents, layer, true);
        if (entry.kind() == EntryKind.HARD_LINK) {
            put(parent, name, linked(entry, layer), layer);
        } else {
            String target = entry.kind() == EntryKind.SYMBOLIC_LINK ? EntryName.target(entry) : "";
            put(parent, name, new Inode(layer, number, entry.kind(), target), layer);
        }
    }

    private void put(ImageNode parent, String name, Inode inode, int layer) throws TarFormatException {
        ImageNode former = parent.children.get(name);
        if (former != null && former.isDirectory() && inode.kind == EntryKind.DIRECTORY) {
            former.inode = inode;
            former.touched = layer;
        } else {
            parent.children.put(name, node(name, parent, inode, layer));
        }
    }

    private ImageNode node(String name, ImageNode parent, Inode inode, int layer) throws TarFormatException {
        if (++names > mostNames) {
            throw new TarFormatException("there are more than " + mostNames + " files");
        }
        ImageNode made = new ImageNode(name, parent, inode, layer);
        if (made.length > EntryName.MOST_PATH + 1) {
            throw new TarFormatException("symbolic links lead to a name longer than " + EntryName.MOST_PATH + " bytes");
        }
        return made;
    }

    private Inode linked(TarEntry entry, int layer) throws TarFormatException {
        List<String> path = EntryName.components(entry.link().isEmpty() ? "." : entry.link());
        ImageNode target = path.isEmpty() ? root : null;
        if (target == null) {
            ImageNode parent = walk(path.subList(0, path.size() - 1), layer, false);
            target = parent == null ? null : parent.children.get(path.get(path.size() - 1));
        }
        if (target == null || target.isDirectory()) {
            throw new TarFormatException("'" + TarEntry.shown(entry.name()) + "' is a hard link to '"
                    + TarEntry.shown(entry.link()) + "', which is " + (target == null ? "not there" : "a directory"));
        }
        return target.inode;
    }

    private void whiteout(String name, List<String> parents, int layer) throws TarFormatException {
        ImageNode directory = walk(parents, layer, false);
        if (name.equals(OPAQUE)) {
            if (directory != null) {
                directory.hideBelow(layer);
            }
            return;
        }
        String hidden = name.substring(WHITEOUT.length());
        if (hidden.isEmpty() || hidden.equals(".") || hidden.equals("..")) {
            throw new TarFormatException("it has a whiteout of no file, '" + TarEntry.shown(name) + "'");
        }
        // others that begin like this are notes of aufs
        ImageNode child = directory == null || hidden.startsWith(WHITEOUT) ? null : directory.children.get(hidden);
        if (child == null) {
            return;
        }
        if (child.touched < layer) {
            directory.children.remove(hidden);
        } else if (child.isDirectory()) {
            child.hideBelow(layer);
            child.forgetBelow(layer);
        }
    }

    /** The directory at the end of the path; null if it is not there and must not be made. */
    private ImageNode walk(List<String> path, int layer, boolean make) throws TarFormatException {
        Deque<String> left = new ArrayDeque<>(path);
        ImageNode at = root;
        int links = 0;
        while (!left.isEmpty()) {
            if (++steps > MOST_STEPS) {
                throw new TarFormatException("its names lead through too many directories and links");
            }
            String name = left.pop();
            ImageNode child = name.equals("..") ? (at.parent == null ? at : at.parent) : at.children.get(name);
            if (child != null && child.inode.kind == EntryKind.SYMBOLIC_LINK) {
                if (++links > MOST_LINKS) {
                    throw new TarFormatException("the symbolic links on the way to '"
                            + TarEntry.shown(String.join("/", path)) + "' lead in a circle");
                }
                List<String> target = EntryName.split(child.inode.target);
                for (int i = target.size(); i-- > 0; ) {
                    left.push(target.get(i));
                }
                at = child.inode.target.startsWith("/") ? root : at;
                continue;
            }
            if (child == null || !child.isDirectory()) {
                if (!make) {
                    return null;
                }
                child = implied(name, at, child, layer);
            }
            at = child;
            if (make) {
                at.touched = layer;
            }
        }
        return at;
    }

    /** A lower layer's file gives way to a directory, as it does where layers are mounted over one another. */
    private ImageNode implied(String name, ImageNode parent, ImageNode former, int layer) throws TarFormatException {
        if (former != null && former.touched == layer) {
            throw new TarFormatException(
                    "it has a name that leads through '" + TarEntry.shown(former.path()) + "', which is no directory");
        }
        if (name.length() > 255) {
            throw new TarFormatException(
                    "a symbolic link that a name leads through has a component longer than 255 bytes");
        }
        ImageNode made = node(name, parent, Inode.IMPLIED, layer);
        parent.children.put(name, made);
        return made;
    }
}
