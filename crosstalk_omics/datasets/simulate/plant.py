"""What is planted: pairs that share no gene, cell types with their markers, true effects."""

import numpy as np
import pandas as pd

from ...core.checks import check_columns
from ...core.errors import InputError
from ...core.names import CELL_TYPE, TISSUE
from ...core.resources import packaged

# Ligand, receptor, sending and receiving tissue: rows of the packaged evidence tables that share
# no gene, so that planting one pair plants no other. "brain" includes pituitary and nerves.
PAIRS = """
FNDC5 ITGAV+ITGB5 muscle bone; IL6 IL6R+IL6ST muscle bone; CCL2 CCR2 muscle bone;
IGF1 IGF1R muscle bone; FGF21 FGFR1+KLB muscle bone; APLN APLNR muscle bone;
GDF15 GFRAL+RET muscle brain; BGLAP GPRC6A bone muscle; TNFSF11 TNFRSF11A bone muscle;
TGFB1 TGFBR1+TGFBR2 bone muscle; INHBA ACVR2B bone muscle; LCN2 MC4R bone brain;
PDGFB PDGFRB bone brain; NGF NTRK1 bone brain; NTN1 DCC bone brain; NPY NPY1R brain bone;
HCRT HCRTR1 brain bone; KISS1 KISS1R brain bone; CALCA CALCRL+RAMP1 brain bone;
TAC1 TACR1 brain bone; VIP VIPR1 brain bone; POMC MC1R brain bone; CGA+FSHB FSHR brain bone;
GH1 GHR brain bone; OXT OXTR brain bone; AVP AVPR1A brain bone; PRL PRLR brain bone;
BDNF NTRK2; CXCL12 CXCR4; VEGFA KDR; ADIPOQ ADIPOR1; HGF MET; TNFSF12 TNFRSF12A; FGF23 KL;
WNT5A ROR2; SEMA4D PLXNB1; EFNB2 EPHB4; CSF1 CSF1R; TNF TNFRSF1A; C3 C3AR1; EPO EPOR;
LEP LEPR; NPPC NPR2; IHH PTCH1; PTHLH PTH1R; IL1B IL1R1; GNRH1 GNRHR; CRH CRHR1; TRH TRHR;
INS INSR; GCG GLP1R; GIP GIPR; GHRL GHSR; CX3CL1 CX3CR1; CXCL10 CXCR3; NMU NMUR2
"""

# Cell types of each tissue with the packaged marker set that they express, and their shares
GROUPS = {
    "muscle": {
        "myofiber": "marker_myofiber",
        "fap": "marker_muscle_fap",
        "endothelium": "marker_muscle_endothelium",
        "satellite_cell": "marker_satellite_cell",
    },
    "bone": {
        "osteoblast": "marker_osteoblast",
        "stromal_cell": "marker_marrow_stromal_car",
        "osteoclast": "marker_osteoclast",
        "osteocyte": "marker_osteocyte",
    },
    "brain": {
        "arcuate_neuron": "marker_hypothalamus_arcuate",
        "lateral_neuron": "marker_hypothalamus_lateral",
        "pvn_neuron": "marker_hypothalamus_pvn_son",
        "tanycyte": "marker_tanycyte",
    },
}
SHARES = (0.35, 0.25, 0.22, 0.18)
BACKGROUND = 0.05  # share of the other genes that change with the condition in one group


def pair_table(interactions: pd.DataFrame | None) -> pd.DataFrame:
    """Pairs that share no gene: ligand_complex, receptor_complex, source_ and target_tissue."""
    columns = ["ligand_complex", "receptor_complex", "source_tissue", "target_tissue"]
    if interactions is None:
        rows = [[*row.split(), "", ""][:4] for row in PAIRS.replace("\n", " ").split(";")]
        return pd.DataFrame(rows, columns=columns)
    check_columns(interactions, columns[:2], "interactions")
    used: set[str] = set()
    rows = []
    for ligand, receptor in interactions[columns[:2]].itertuples(index=False):
        genes = {*_subunits(ligand), *_subunits(receptor)}
        if not genes & used:
            used |= genes
            rows.append((ligand, receptor, "", ""))
    return pd.DataFrame(rows, columns=columns)


def _subunits(complex_: str) -> list[str]:
    """Genes to raise so that the complex is there: the subunits of its first alternative."""
    return complex_.split("|")[0].split("+")


def draw_pairs(
    pairs: pd.DataFrame, n_specific: int, n_changed: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Choose which pairs are planted, and tissues for those that come without."""
    directed = (pairs["source_tissue"] != "").any()
    eligible = np.flatnonzero(pairs["source_tissue"] != "") if directed else np.arange(len(pairs))
    if n_specific + n_changed > len(eligible):
        msg = (
            f"{n_specific} + {n_changed} pairs are to be planted, but only {len(eligible)} pairs "
            "without a shared gene are there. Plant fewer, or give more `interactions`."
        )
        raise InputError(msg)
    chosen = rng.permutation(eligible)[: n_specific + n_changed]
    pairs = pairs.assign(kind="")
    pairs.loc[chosen[:n_specific], "kind"] = "specificity"
    pairs.loc[chosen[n_specific:], "kind"] = "condition"
    if not directed:
        tissues = np.array(list(GROUPS))
        source = rng.integers(3, size=len(pairs))
        target = (source + rng.integers(1, 3, size=len(pairs))) % 3
        pairs = pairs.assign(source_tissue=tissues[source], target_tissue=tissues[target])
    return pairs


def pair_genes(pairs: pd.DataFrame) -> list[str]:
    both = pd.concat([pairs["ligand_complex"], pairs["receptor_complex"]])
    return [gene for complex_ in both for gene in _subunits(complex_)]


def _marker_sets() -> dict[str, list[str]]:
    """Markers of each cell type that are no ligand or receptor of the packaged evidence."""
    folder = packaged("signatures")
    table = pd.read_csv(folder / "gene_sets" / "marker.tsv", sep="\t", keep_default_na=False)
    evidence = pd.concat(
        pd.read_csv(path, sep="\t", keep_default_na=False)[["ligand", "receptor"]]
        for path in sorted((folder / "evidence").glob("*.tsv"))
    )
    signals = set(evidence.melt()["value"].str.split(r"[+|]").explode())
    table = table[~table["gene"].isin(signals)]
    return {name: list(genes) for name, genes in table.groupby("set_id")["gene"]}


def gene_names(pairs: pd.DataFrame, n_genes: int, rng: np.random.Generator) -> pd.Index:
    """Genes of the pairs, markers, then other known symbols in random order, then fillers."""
    sets = _marker_sets()
    first = [*pair_genes(pairs)]
    for groups in GROUPS.values():
        for name in groups.values():
            first += sets[name]
    known = pd.read_csv(packaged("signatures") / "orthologs.tsv", sep="\t", keep_default_na=False)
    others = rng.permutation(known["human"].to_numpy(dtype=str))
    names = pd.unique(np.array([*first, *others, *(f"FILLER{i:06d}" for i in range(n_genes))]))
    return pd.Index(np.sort(names[:n_genes].astype(str)))


def draw_truth(
    pairs: pd.DataFrame, effect: float, change: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Give every planted pair a sending and a receiving cell type, and its sizes."""
    truth = pairs[pairs["kind"] != ""].sort_values("kind", ascending=False, ignore_index=True)
    for side, column in (("source_tissue", "source"), ("target_tissue", "target")):
        picks = rng.integers(len(SHARES), size=len(truth))
        truth[column] = [list(GROUPS[t])[i] for t, i in zip(truth[side], picks, strict=True)]
    changed = (truth["kind"] == "condition").to_numpy()
    signs = np.where(np.cumsum(changed) % 4 == 0, -1.0, 1.0)
    truth["log2_specific"] = effect
    truth["log2_change"] = np.where(changed, change * signs, 0.0)
    first = ["source_tissue", "source", "target_tissue", "target"]
    return truth[[*first, "ligand_complex", "receptor_complex", "kind", *truth.columns[-2:]]]


def planted(truth: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for pair in truth.itertuples():
        sides = (
            (pair.source_tissue, pair.source, pair.ligand_complex),
            (pair.target_tissue, pair.target, pair.receptor_complex),
        )
        for tissue, group, complex_ in sides:
            for gene in _subunits(complex_):
                rows.append((tissue, group, gene, "planted", pair.log2_specific))
                if pair.log2_change:
                    rows.append((tissue, group, gene, "change", pair.log2_change))
    return pd.DataFrame(rows, columns=[TISSUE, CELL_TYPE, "gene", "kind", "log2"])


def markers(pairs: pd.DataFrame, genes: pd.Index, rng: np.random.Generator) -> pd.DataFrame:
    sets, signals = _marker_sets(), set(pair_genes(pairs))
    rows = [
        (tissue, group, gene, "marker", log2)
        for tissue, groups in GROUPS.items()
        for group, name in groups.items()
        for gene, log2 in zip(sets[name], rng.uniform(1.5, 4, len(sets[name])), strict=True)
        if gene in genes and gene not in signals
    ]
    return pd.DataFrame(rows, columns=[TISSUE, CELL_TYPE, "gene", "kind", "log2"])


def background(pairs: pd.DataFrame, genes: pd.Index, rng: np.random.Generator) -> pd.DataFrame:
    """Genes outside all pairs that change with the condition, as in any real experiment."""
    others = genes.difference(pair_genes(pairs), sort=False)
    tables = []
    for tissue, groups in GROUPS.items():
        chosen = rng.permutation(others)[: int(BACKGROUND * len(others))]
        picks = rng.choice(list(groups), size=len(chosen))
        log2 = rng.normal(0, 0.5, size=len(chosen))
        columns = {TISSUE: tissue, CELL_TYPE: picks, "gene": chosen, "kind": "background"}
        tables.append(pd.DataFrame(columns | {"log2": log2}))
    return pd.concat(tables)
