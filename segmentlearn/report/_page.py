"""Pages from templates, and what they need to be written."""

import importlib.resources
import os
from typing import Any

from segmentlearn.persistence import write_atomically
from segmentlearn.report._suppression import THRESHOLD

_EXTRA = "install it with: pip install 'segmentlearn[report]'"


def require_packages() -> Any:
    """Return Jinja2, once it is sure that pictures can be drawn, too."""
    try:
        import jinja2
    except ImportError as error:
        raise ImportError(f"A report needs Jinja2; {_EXTRA}") from error
    from segmentlearn.plotting import require_pyplot

    try:
        require_pyplot()
    except ImportError as error:
        raise ImportError(f"A report needs Matplotlib; {_EXTRA}") from error
    return jinja2


def write_page(path: str | os.PathLike[str], template: str, **values: Any) -> None:
    """Write a page from a template of this package."""
    jinja2 = require_packages()
    files = importlib.resources.files("segmentlearn.report")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(
            lambda name: files.joinpath(name).read_text(encoding="utf-8")
        ),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    page = environment.get_template(template).render(threshold=THRESHOLD, **values)
    # a lone surrogate of a damaged file must not stop the report
    write_atomically(path, page.encode("utf-8", "replace"))
