package vmette.rootfs.providers;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/** A name in the tree that layers make, and what it names. */
final class ImageNode {
    final String name;
    final ImageNode parent;
    Inode inode;

    /** The last layer that named it, or anything in it. */
    int touched;

    /** Of directories. */
    final Map<String, ImageNode> children;

    /** Of the path, with a slash before each component. */
    final int length;

    /** Another name of the same file. */
    ImageNode nextName;

    /**
     * What names lead to: an entry of a layer.
     *
     * @see #IMPLIED
     */
    static final class Inode {
        /** Of a directory that some name needs and no entry describes. */
        static final Inode IMPLIED = new Inode(-1, -1, EntryKind.DIRECTORY, "");

        final int layer;
        final int entry;
        final EntryKind kind;
        final String target;

        /** The first of its names, once the tree is complete. */
        ImageNode names;

        /**
         * @param entry its number in the layer
         * @param target of a symbolic link
         */
        Inode(int layer, int entry, EntryKind kind, String target) {
            this.layer = layer;
            this.entry = entry;
            this.kind = kind;
            this.target = target;
        }
    }

    /** @param parent of the root, null */
    ImageNode(String name, ImageNode parent, Inode inode, int touched) {
        this.name = name;
        this.parent = parent;
        this.inode = inode;
        this.touched = touched;
        this.length = parent == null ? 0 : parent.length + 1 + name.length();
        this.children = inode.kind == EntryKind.DIRECTORY ? new HashMap<>(4) : Map.of();
    }

    boolean isDirectory() {
        return inode.kind == EntryKind.DIRECTORY;
    }

    /** From the root, without a leading slash. */
    String path() {
        Deque<String> components = new ArrayDeque<>();
        for (ImageNode each = this; each.parent != null; each = each.parent) {
            components.push(each.name);
        }
        return String.join("/", components);
    }

    /** Takes away what lower layers have put into this directory. */
    void hideBelow(int layer) {
        Deque<ImageNode> left = new ArrayDeque<>();
        left.push(this);
        while (!left.isEmpty()) {
            ImageNode directory = left.pop();
            directory.children.values().removeIf(child -> child.touched < layer);
            for (ImageNode child : directory.children.values()) {
                if (child.isDirectory()) {
                    child.forgetBelow(layer);
                    left.push(child);
                }
            }
        }
    }

    /** What a lower layer says of this directory itself counts no more. */
    void forgetBelow(int layer) {
        if (inode.layer < layer) {
            inode = Inode.IMPLIED;
        }
    }
}
