"""How the documentation is built: ``make docs`` writes docs/_build/html, without any network."""

import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import indent

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

import crosstalk_omics as cx
from crosstalk_omics.cli import EXIT_CODES
from crosstalk_omics.config import TEMPLATE

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

project = "crosstalk_omics"
author = "The crosstalk_omics developers"
project_copyright = author
release = version = cx.__version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "generated", "**.ipynb_checkpoints"]
templates_path = ["_templates"]

# text
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # notebooks are executed by `make notebooks` and shown as stored
suppress_warnings = [
    "mystnb.unknown_mime_type",  # progress bars of the notebooks
]
default_role = "literal"
copybutton_exclude = ".linenos, .gp, .go"  # copies neither prompts nor output

# reference
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_typehints_description_target = "documented"
autosummary_generate = True
napoleon_google_docstring = False
napoleon_use_rtype = False

# look
html_theme = "sphinx_book_theme"
html_title = "crosstalk_omics"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_theme_options = {
    "home_page_in_toc": False,
    "navbar_persistent": [],
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
}

DOI = re.compile(r"doi:(10\.[^\s,;)]*[^\s,;).])")
LIBRARY_NAME = re.compile(r"(?<!`)`cx\.(\w+)\.(\w+)(\(\))?`(?!`)")


def prose_returns(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Read what stands under Returns as text: types are in the signature, not in the docstring."""
    if lines[:1] and lines[0].startswith("Alias for field number"):
        lines[:] = []
    text = "\n".join(lines)
    text = re.sub(
        r"^Returns\n-------\n(.*?)(?=^\w[\w ]*\n---|\Z)",
        lambda m: "Returns\n-------\n:\n" + indent(m[1].rstrip(), "    ") + "\n\n",
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    text = DOI.sub(r"`doi:\1 <https://doi.org/\1>`__", text)
    lines[:] = LIBRARY_NAME.sub(_link, text).split("\n")


def _link(found: re.Match, role: str = ":py:func:") -> str:
    """Turn `cx.tl.score` into a link where the library has it."""
    space, name = found[1], found[2]
    if space not in cx.__all__ or not inspect.isfunction(getattr(getattr(cx, space), name, None)):
        return found[0]
    return f"{role}`cx.{space}.{name} <crosstalk_omics.{space}.{name}>`"


def link_names(app: Sphinx, page: str, source: list[str]) -> None:
    """Link functions in pages as in docstrings."""
    if not page.startswith("tutorials/"):
        source[0] = LIBRARY_NAME.sub(lambda m: _link(m, "{py:func}"), source[0])


def generate(app: Sphinx) -> None:
    """Bring in the stored notebooks, the study template and the commands' own help."""
    tutorials, generated = HERE / "tutorials", HERE / "generated"
    for folder in (tutorials, generated):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        shutil.copy(notebook, tutorials)
    (generated / "study.yaml").write_text(TEMPLATE.format(file="my_study.yaml"))
    command = [sys.executable, "-m", "typer", "crosstalk_omics.cli", "utils", "docs"]
    text = subprocess.run(
        [*command, "--name", "crosstalk"], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout
    text = text[text.index("## ") :].replace(EXIT_CODES + "\n\n", "")
    text = re.sub(r"((?:\n\ncrosstalk .+)+)", _as_console, text)
    (generated / "commands.md").write_text(text)


def _as_console(found: re.Match) -> str:
    lines = [f"$ {line}" for line in found[1].split("\n") if line]
    return "\n\n```console\n" + "\n".join(lines) + "\n```"


def visit_math(self: object, node: nodes.math) -> None:
    """Write a formula as MathML, which browsers show without a script from elsewhere."""
    self.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def visit_math_block(self: object, node: nodes.math_block) -> None:
    """Write a displayed formula."""
    formula = tex2mathml(node.astext(), as_block=True)
    self.body.append(f'<div class="formula">{formula}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Register what Sphinx calls."""
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    app.connect("autodoc-process-docstring", prose_returns, priority=400)
    app.connect("source-read", link_names)
    app.connect("builder-inited", generate, priority=100)
