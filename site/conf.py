"""Sphinx's settings. ``python -m curator site`` gathers the pages and builds them."""

import os
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

from curator.site import displayed

repository = os.environ.get("GITHUB_REPOSITORY", "")  # owner/name, in a workflow
owner, _, name = repository.partition("/")

project = html_title = "Inference Workshop"
author = "the authors of Inference Workshop"
copyright = "Apache-2.0"
html_baseurl = f"https://{owner}.github.io/{name}/" if repository else ""

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx_codeautolink",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxext.opengraph",
]
nitpicky = True  # a name in a docstring that leads nowhere is a warning
nitpick_ignore_regex = [("py:(class|obj|data)", ".*")]  # types in signatures may
suppress_warnings = ["codeautolink.match_block"]  # such code only has no links
# Links in code are found by importing what it names: nobody links to these slow ones.
sys.modules.update(dict.fromkeys(("tensorflow", "torchvision")))
documentation = {
    "numpy": "https://numpy.org/doc/stable/",
    "openvino": "https://docs.openvino.ai/2026/",
    "torch": "https://docs.pytorch.org/docs/stable/",
}
inventories = Path(__file__).with_name("inventories").glob("*.inv")
intersphinx_mapping = {p.stem: (documentation[p.stem], str(p)) for p in inventories}

highlight_language = "none"
nb_execution_mode = "off"  # pages show what is stored
nb_code_prompt_show = "Show the solution"
nb_code_prompt_hide = "Hide the solution"
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4
myst_heading_slug_func = "curator.site.anchor"

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 72
numpydoc_show_class_members = False

linkcheck_retries = 3
linkcheck_anchors = False  # pages that a script builds have none to be seen
linkcheck_report_timeouts_as_broken = True

html_theme = "sphinx_book_theme"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}
html_sourcelink_suffix = ""  # a notebook to download is called .ipynb
html_theme_options = {"show_toc_level": 2}
if repository:
    html_theme_options |= {
        "repository_url": f"https://github.com/{repository}",
        "repository_branch": "published",
        "use_repository_button": True,
        "launch_buttons": {
            "notebook_interface": "jupyterlab",
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
        },
    }
ogp_site_url = html_baseurl
ogp_social_cards = {"enable": False}
ogp_image = "_images/scenes.jpg"


def mathml(translator, node):
    """Write a formula in the browser's own language: no script, nothing fetched."""
    formula = tex2mathml(node.astext(), as_block=isinstance(node, nodes.math_block))
    translator.body.append(formula)
    raise nodes.SkipNode


def readable(app, what, name, member, options, signature, returns):
    """Return a signature that can be parsed, and so wrapped and linked."""
    return (signature or "").replace("<factory>", "...") or None, returns


def setup(app):
    """Change lessons, formulas and signatures on their way onto the page."""
    app.connect("source-read", displayed)
    app.connect("autodoc-process-signature", readable)
    app.add_html_math_renderer("mathml", (mathml, None), (mathml, None))
