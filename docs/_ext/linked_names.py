"""A public name in a page of the guide, such as ``SegmentClassifier``, is a link."""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

KINDS = {"class", "function"}


class LinkPublicNames(SphinxPostTransform):
    """Turn literals that name one of our classes or functions into links."""

    default_priority = 900

    def run(self, **kwargs):
        """Link the names of one page."""
        pages = public_pages(self.env)
        here = self.env.current_document.docname
        for literal in list(self.document.findall(nodes.literal)):
            entry = pages.get(literal.astext().removesuffix("()"))
            if (
                entry is None
                or entry.docname == here
                or isinstance(literal.parent, nodes.reference)
                or any("xref" in one or "sig" in one for one in literal["classes"])
            ):
                continue
            link = make_refnode(
                self.app.builder, here, entry.docname, entry.node_id, literal.deepcopy()
            )
            literal.replace_self(link)


def public_pages(env):
    """Return the entry of each name that cannot be taken for anything else."""
    entries = {}
    for name, entry in env.get_domain("py").objects.items():
        last = name.rpartition(".")[2]
        unmistakable = last[0].isupper() or "_" in last or last == "audit"
        if entry.objtype in KINDS and not entry.aliased and unmistakable:
            is_top = name.count(".") == 1  # before that of a package
            entries[last] = entry if is_top else entries.get(last, entry)
            entries[name] = entry
    return entries


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(LinkPublicNames)
    return {"parallel_read_safe": True, "version": "1"}
