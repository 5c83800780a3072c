"""Six public studies with a change: data, contrast, what the literature expects, a receiver."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData

import crosstalk_omics as cx


@dataclass(frozen=True)
class Study:
    """One contrast; `known` maps genes to the sign of the change that is known of them."""

    name: str
    source: Callable[[], AnnData]
    target: Callable[[], AnnData]
    test: str
    reference: str
    known: dict[str, int]
    covariates: tuple[str, ...] = ()
    within: tuple[str, ...] = ()  # shuffles keep these columns; a paired design keeps its donors


def part(dataset: str, column: str | None = None, *values: str, **columns: str) -> AnnData:
    """Load a data set, keep the rows with `values` in `column`, standardise."""
    adata = cx.datasets.load(dataset)
    if column is not None:
        adata = adata[adata.obs[column].astype(str).isin(values).to_numpy()].copy()
    return cx.pp.standardise(adata, **columns)


def osteoblasts() -> AnnData:
    """Primary osteoblasts in control medium, 3 donors."""
    return part("human_osteoblast_huvec_coculture", "group", "osteoblast_control")


def stroma() -> AnnData:
    """Endosteal stroma of mouse marrow, cells."""
    return part("mouse_bm_endosteal_stroma_250")


def trained() -> AnnData:
    """Vastus lateralis of patients before and after 12 weeks of cycling."""
    return part(
        "gse184951_human_vastus_lateralis_dm1_cycling", "group", "Pre", "Post",
        donor="subject", condition="group",
    )  # fmt: skip


def dystrophy() -> AnnData:
    """FSHD biopsies: DUX4 target score high against low; the controls were other batches."""
    adata = cx.datasets.load("gse140261_human_fshd_muscle")
    adata = adata[(adata.obs["disease_state"].astype(str) == "FSHD").to_numpy()].copy()
    group = pd.to_numeric(adata.obs["dux4.group"].astype(str))
    adata.obs["dux4"] = np.where(group >= 3, "high", "low")
    return cx.pp.standardise(adata, donor="patient_id", condition="dux4")


def rats(tissue: str) -> Callable[[], AnnData]:
    """Sedentary rats and rats after 8 weeks of training."""
    return lambda: part(
        f"motrpac_rat_{tissue}", "timepoint", "SED", "8W", donor="pid", condition="timepoint"
    )


TECHNICAL = ("sex", "rin", "pct_globin", "pct_umi_dup", "median_5_3_bias")
STUDIES = (
    Study(
        "dm1_training", trained, osteoblasts, "Post", "Pre",
        known={"MSTN": -1, "COL1A1": 1, "COL4A1": 1, "SPARC": 1, "KDR": 1, "NOTCH1": 1, "IGF1": 1,
               "MYH7": 1, "MYH1": -1, "PPARGC1A": 1, "VEGFA": 1, "FNDC5": 1},
    ),
    Study(
        "fshd_dux4", dystrophy, osteoblasts, "high", "low",
        known={"ZSCAN4": 1, "TRIM43": 1, "MBD3L2": 1, "KHDC1L": 1, "CCL18": 1, "SPP1": 1, "C3": 1,
               "CXCL12": 1, "CHI3L1": 1},
        covariates=("batch",), within=("batch",),
    ),
    Study(
        "spaceflight", lambda: part("osd103_mouse_quadriceps_spaceflight", donor="animal",
                                    condition="group"),
        stroma, "FLT", "GC",
        known={"Cdkn1a": 1, "Mt1": 1, "Mt2": 1, "Fbxo32": 1, "Trim63": 1, "Mstn": 1, "Igf1": -1,
               "Sln": 1, "Nfil3": 1},
    ),
    Study(
        "puberty", lambda: part("mouse_hypothalamus_puberty", "age", "d12", "d37", donor="id",
                                condition="age"),
        stroma, "d37", "d12",
        known={"Mkrn3": -1, "Lin28b": -1, "Tac2": 1, "Kiss1": 1, "Gnrh1": 1, "Pomc": 1, "Cartpt": 1,
               "Agrp": 1, "Oxt": 1, "Avp": 1, "Ghrh": 1},
        covariates=("sex",), within=("sex",),
    ),
    Study(
        "msc_tnf", lambda: part("gse176086_human_msc_osteogenesis_tnf", condition="treatment"),
        lambda: part("gse184951_human_vastus_lateralis_dm1_cycling", "group", "Control",
                     donor="subject"),
        "TNFa (100ng/mL)", "control",
        known={"CXCL8": 1, "CCL2": 1, "IL6": 1, "LIF": 1, "NFKBIA": 1, "TNFAIP3": 1, "RUNX2": -1,
               "ALPL": -1, "BGLAP": -1, "SP7": -1, "TNFRSF11B": 1},
        covariates=("day",), within=("day",),
    ),
    Study(
        "rat_gastrocnemius_to_fat", rats("gastrocnemius"), rats("white_adipose"), "8W", "SED",
        known={"Cited4": 1, "Map1lc3a": 1, "Mstn": -1, "Fndc5": 1, "Erfe": 1, "Vegfa": 1, "Lpl": 1},
        covariates=TECHNICAL, within=("sex",),
    ),
    Study(
        "rat_vastus_to_fat", rats("vastus_lateralis"), rats("white_adipose"), "8W", "SED",
        known={"Cited4": 1, "Map1lc3a": 1, "Mstn": -1, "Fndc5": 1, "Erfe": 1, "Vegfa": 1, "Lpl": 1},
        covariates=TECHNICAL, within=("sex",),
    ),
    Study(
        "rat_fat_to_gastrocnemius", rats("white_adipose"), rats("gastrocnemius"), "8W", "SED",
        known={"Lep": -1, "Adipoq": 1, "Fgf21": -1, "Ucp1": 1},
        covariates=TECHNICAL, within=("sex",),
    ),
)  # fmt: skip
