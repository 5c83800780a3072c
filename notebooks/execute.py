"""Execute every notebook source and store it beside as .ipynb with its outputs.

Usage: ``python notebooks/execute.py [PREFIX ...]``. The real data sets are fetched unless
`CROSSTALK_CACHE` names a folder that holds them; a notebook whose data cannot be had is skipped,
which is said, and what is stored of it stays.
"""

import os
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).resolve().parent


def execute(source: Path) -> Path:
    """Run one percent-format source from top to bottom and write the notebook."""
    notebook = jupytext.read(source)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": str(HERE)}}).execute()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # random ids and times would change on every run
        cell.metadata.pop("execution", None)
        if "outputs" in cell:  # another package asks for Jupyter widgets, naming its folder
            cell["outputs"] = [o for o in cell["outputs"] if "TqdmWarning" not in o.get("text", "")]
    notebook.metadata.pop("language_info", None)
    target = source.with_suffix(".ipynb")
    nbformat.write(notebook, target)
    return target


def main() -> None:
    """Execute the sources whose names start with the given prefixes; all by default."""
    cache = os.environ.get("CROSSTALK_CACHE")
    if cache:  # notebooks run in their own folder
        os.environ["CROSSTALK_CACHE"] = str(Path(cache).resolve())
    prefixes = tuple(sys.argv[1:]) or ("",)
    for source in sorted(HERE.glob("[0-9]*.py")):
        if not source.name.startswith(prefixes):
            continue
        try:
            print(execute(source).name)
        except CellExecutionError as error:
            if error.ename != "ResourceError":
                raise
            print(f"{source.stem}: skipped. {error.evalue}")


if __name__ == "__main__":
    main()
