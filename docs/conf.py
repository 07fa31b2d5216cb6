"""How Sphinx builds the pages: ``sphinx -W -n -b html docs docs/_build/html``."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait take no core
os.environ.setdefault("PYTHONPATH", str(HERE.parent))  # for commands in examples

import segmentlearn  # noqa: E402

project = "segmentlearn"
author = "The segmentlearn developers"
copyright = author
version = release = segmentlearn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "docstrings",
    "linked_names",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "auto_examples/*.ipynb"]

# A block after "::" is Python, and tests/test_docs.py runs it; others name theirs.
highlight_language = "python3"
default_role = "literal"

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections have the types, in words
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# Nothing is downloaded while the pages are built, so the names of other libraries
# stay without a link.
nitpick_ignore_regex = [
    (r"py:.*", r"(precision_recall_curve|average_precision_score)"),
    (r"py:.*", r"(sklearn|imblearn|keras|scikeras|tensorflow|pandas|numpy|joblib)\..*"),
    (r"py:.*", r"(matplotlib|tensorboard|optuna|keras_tuner)\..*"),
]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "parallel": 2,  # an example mostly keeps one core busy, with compiling
    "within_subsection_order": "gallery_order.ByStory",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("segmentlearn",),
    "reference_url": {"segmentlearn": None},
    "inspect_global_variables": False,
    "remove_config_comments": True,
    "capture_repr": ("_repr_html_",),
    "show_memory": False,
    "write_computation_times": False,
    "min_reported_time": 1,
    "download_all_examples": False,
    "show_signature": False,
}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = f"segmentlearn {release}"
html_static_path = ["_static"]
html_css_files = ["house.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "segmentlearn"},
    "navbar_align": "left",
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"quickstart": [], "changelog": [], "contributing": []}
