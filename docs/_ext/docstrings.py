"""What docstrings say to readers of code, made fit for pages.

Docstrings that classes inherit link into other libraries' documentation; nothing is
downloaded while ours is built, so the text of such a link stays, as plain words. A name
of ours is linked wherever it is documented, by whichever path a docstring calls it.
"""

import re

from sphinx.util.nodes import make_refnode

FOREIGN_LINK = re.compile(r":(?:ref|doc):`([^`<]+?)\s*(?:<[^`>]+>)?`")
FOREIGN_TERM = re.compile(r":term:`([^`<]+?)\s*(?:<[^`>]+>)?`")
# "(n_rows, n_clusters_)" would be a link to a target named n_clusters
QUOTED_UNDERSCORE = re.compile(r'(?<= )(default="\w+)_"')
TRAILING_UNDERSCORE = re.compile(r"(?<=[( ])(\w+_)(?=[,)])")


def plain_words(app, what, name, obj, options, lines):
    """Rewrite the lines of a docstring in place."""
    text = FOREIGN_LINK.sub(r"\1", "\n".join(lines))
    text = FOREIGN_TERM.sub(r"`\1`", text)
    lines[:] = [
        TRAILING_UNDERSCORE.sub(r"`\1`", line)
        if "shape (" in line
        else QUOTED_UNDERSCORE.sub(r'\1\_"', line)
        for line in text.split("\n")
    ]


def find_public_name(app, env, node, contnode):
    """Link a name to the page that documents a name with this last part."""
    if node.get("refdomain") != "py":
        return None
    objects = env.get_domain("py").objects
    parts = node["reftarget"].split(".")
    for n_parts in (2, 1):  # "InductiveClusterer.predict" before "predict"
        if n_parts > len(parts):
            continue
        ending = "." + ".".join(parts[-n_parts:])
        found = [
            name
            for name, entry in objects.items()
            if name.endswith(ending) and not entry.aliased
        ]
        if n_parts == 1:  # methods of any class would do
            found = [name for name in found if objects[name].objtype in KINDS]
            # the one of segmentlearn itself before that of a package
            found = [n for n in found if n.count(".") == 1] or found
        if len(found) == 1:
            entry = objects[found[0]]
            return make_refnode(
                app.builder, node["refdoc"], entry.docname, entry.node_id, contnode
            )
    return None


KINDS = {"class", "function", "exception"}


def setup(app):
    """Register with Sphinx; numpydoc reads docstrings between the two passes."""
    app.connect("autodoc-process-docstring", plain_words, priority=1)
    app.connect("autodoc-process-docstring", plain_words, priority=900)
    app.connect("missing-reference", find_public_name)
    return {"parallel_read_safe": True, "version": "1"}
