"""How Sphinx makes the site: ``make docs``, offline, with warnings as errors."""

from __future__ import annotations

import re
import sys
from importlib.metadata import version as installed
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

import gallery_pages  # noqa: E402

project = "evacroute"
author = "The evacroute developers"
copyright = "The evacroute developers, Apache-2.0"
version = release = installed("evacroute")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
]
templates_path = ["_templates"]
exclude_patterns = ["templates/**", "screenshots/**"]
# In docstrings single backticks name an object of the package.
default_role = "autolink"

# Pages: headings get the anchors that GitHub gives them, so that links work in both places.
myst_enable_extensions = ["attrs_block", "colon_fence"]
myst_heading_anchors = 4
nb_execution_mode = "off"

# API: types stand in signatures, everything else in numpydoc's sections.
autosummary_generate = True
autodoc_typehints = "signature"
autodoc_member_order = "groupwise"
autodoc_preserve_defaults = True
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

html_theme = "pydata_sphinx_theme"
html_title = "evacroute"
html_static_path = ["_static"]
html_css_files = ["evacroute.css"]
html_context = {"default_mode": "auto"}
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "evacroute"},
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"index": [], "getting_started": [], "gallery": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"
copybutton_only_copy_prompt_lines = False


def add_menu(app, name, source):
    """Give the page of recipes its menu, in the order of its list: noise where the page lies."""
    if name == "how_to/index":
        recipes = re.findall(r"^- \[[^\]]+\]\((\w+)\.md\)", source[0], re.MULTILINE)
        source[0] += "\n```{toctree}\n:hidden:\n\n" + "\n".join(recipes) + "\n```\n"


def plain_types(app, what, name, item, options, signature, returned):
    """Write types in signatures as one reads them, where Sphinx would show its own wrappers."""

    def plain(text):
        text = re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", text or "")
        return text.replace("~typing.", "").replace("<factory>", "...")

    return signature and plain(signature), returned and plain(returned)


def setup(app):
    """Write the pages of the gallery before the others are read."""
    app.connect("builder-inited", gallery_pages.write)
    app.connect("source-read", add_menu)
    app.connect("autodoc-process-signature", plain_types)
    app.connect("source-read", gallery_pages.add_cards)
    app.connect("source-read", gallery_pages.link_examples)
