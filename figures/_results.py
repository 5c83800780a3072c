"""Where the figures find the results of the studies, and where they leave what they draw.

`CROSSTALK_RESULTS` names another folder of results, `CROSSTALK_FIGURES` another one to write to.
"""

import os
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from PIL import Image

from crosstalk_omics import pl

mpl.use("agg")
ROOT = Path(__file__).resolve().parent.parent


def results() -> Path:
    """Folder that holds one folder per study."""
    return Path(os.environ.get("CROSSTALK_RESULTS", ROOT / "results"))


def study(name: str) -> Path:
    """Folder of one study; ends with advice where it was not run."""
    folder = results() / name
    if not (folder / "run.json").is_file():
        sys.exit(f"There is no {folder}. Run it first: crosstalk run examples/{name}.yaml")
    return folder


def read(name: str, table: str = "crosstalk", **where: str) -> pd.DataFrame:
    """Rows of a study's table that hold these values, e.g. ``source_tissue="muscle"``."""
    path = study(name) / f"{table}.tsv"
    rows = pd.read_csv(path, sep="\t", keep_default_na=False, na_values=["NA"], low_memory=False)
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows.reset_index(drop=True)


def publish(figure: Any, name: str, table: pd.DataFrame) -> None:
    """Write SVG, PNG and the CSV of what was drawn, numbers with 4 significant digits."""
    folder = Path(os.environ.get("CROSSTALK_FIGURES", results() / "figures"))
    numbers = table.select_dtypes("float").columns
    rounded = table.assign(**{c: table[c].map("{:.4g}".format).astype(float) for c in numbers})
    for path in pl.save(figure, folder / name, table=rounded, close=True):
        print(path)


def shrunk(path: Path) -> Image.Image:
    """Return a picture in grey and small: enough to compare, little to keep."""
    picture = Image.open(path).convert("L")
    picture.thumbnail((600, 600))
    return picture


def letter(ax: Any, text: str) -> None:
    """Put the letter of a panel left above its axes."""
    place = {"xycoords": "axes fraction", "textcoords": "offset points", "xytext": (-34, 8)}
    ax.annotate(text, (0, 1), weight="bold", fontsize=9, **place)
