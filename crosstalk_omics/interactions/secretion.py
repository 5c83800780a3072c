"""By which route a ligand reaches its receptor: one stated rule for every row.

The first line that applies decides:

1. juxtacrine: the ligand is a contact protein (cadherin, ephrin, Notch ligand, MHC, nectin ...)
   by gene family, or a resource annotates the pair as cell-cell contact.
2. synaptic: a transmitter, or a peptide of central or peripheral neurons, and every source on
   record is nervous tissue; without a source on record, what a resource annotates as transmitter.
3. endocrine: evidence shows it from one tissue to another.
4. paracrine: matrix, WNT and hedgehog ligands by gene family, pairs that a resource annotates
   as extracellular matrix, and lipids and metabolites with local evidence only.
5. endocrine: any other ligand on record as secreted (curated, UniProt, CellChatDB, CellPhoneDB):
   soluble, so it could cross tissues.
6. unknown.
"""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from . import hormones
from .complexes import parse
from .hormones import NOT_CODED

CONTACT = re.compile(
    r"^(CDH\d+|PCDH.*|DS[CG]\d|HLA-.*|H2-.*|RT1-.*|EFN[AB]\d|EPH[AB]\d+|DLL\d|JAG[12]|CLDN\d+|NECTIN\d|CADM\d"
    r"|NRXN\d|NLGN.*|LRRTM\d|ICAM\d|VCAM1|PECAM1|F11R|JAM[23]|NCAM\d|L1CAM|CNTN\d|CNTNAP\d"
    r"|TENM\d|CD80|CD86|CD274|PDCD1LG2|ICOSLG|PVR|THY1|SEL[ELP]|SELPLG|GJ[A-E]\d+|CEACAM\d+)$",
    re.IGNORECASE,
)
LOCAL = re.compile(
    r"^(COL\d+A\d+|LAM[ABC]\d|FN1|VTN|TNC|TNN|TNR|TNXB|THBS\d|COMP|NID[12]|FBN\d|FBLN\d|ELN|BGN|DCN"
    r"|LUM|FMOD|OGN|ACAN|VCAN|NCAN|BCAN|HSPG2|AGRN|MATN\d|POSTN|IBSP|NPNT|FRAS1|FREM\d|EMILIN\d"
    r"|WNT\d+[AB]?|SHH|IHH|DHH|RELN|NTN\d|SLIT\d)$",
    re.IGNORECASE,
)
CENTRAL = frozenset({"brain", "hypothalamus", "brainstem", "central_nervous_system"})
NERVOUS = CENTRAL | {
    "nerve",
    "nervous_system",
    "spinal_cord",
    "peripheral_nerve",
    "sympathetic_nerve",
    "parasympathetic_nerve",
    "sensory_nerve",
    "motor_nerve",
    "vagus_nerve",
}
NEURONAL_CLASSES = frozenset(
    {
        "hypothalamic_neuropeptide",
        "leptin_melanocortin",
        "central_serotonin",
        "sympathetic",
        "parasympathetic",
        "sensory",
        "somatic_motor",
        "circadian_melatonin",
        "axon_guidance_neurotrophin",
    }
)
SKELETON = frozenset({"bone", "bone_marrow", "cartilage"})  # one compartment, bathed together
SMALL = frozenset({"lipid", "metabolite", "amino_acid"})


def routes_of(table: pd.DataFrame, hints: pd.Series, secreted: Iterable[str] = ()) -> np.ndarray:
    """Route of every row; see the rule at the top of this file.

    Parameters
    ----------
    table
        Rows of an interaction table, without `route`.
    hints
        Per row what its resources say, "; "-joined, of: contact, transmitter, matrix, secreted.
    secreted
        Genes on record as secreted.

    Returns
    -------
    One of `core.names.ROUTES` per row.
    """
    secreted = frozenset(secreted)
    columns = ["factor", "ligand_complex", "ligand_kind", "classes"]
    columns += ["source_tissues", "target_tissues"]
    rows = zip(*(table[c] for c in columns), hints, strict=True)
    return np.array([_route(secreted, *row) for row in rows], dtype=object)


def _route(
    secreted: frozenset[str],
    factor: str,
    ligand: str,
    kind: str,
    classes: str,
    sources: str,
    targets: str,
    hints: str,
) -> str:
    """Route of one row."""
    genes = {gene for part in parse(ligand) for gene in part}
    hinted, source, target = (set(filter(None, x.split("; "))) for x in (hints, sources, targets))
    coded = kind not in NOT_CODED
    if coded and (any(map(CONTACT.match, genes)) or "contact" in hinted):
        return "juxtacrine"
    portal = "pituitary" in target  # hypothalamic hormones get there by blood
    neuronal = _synaptic(factor, kind, set(classes.split("; ")), source, "transmitter" in hinted)
    if neuronal and not portal:
        return "synaptic"
    if any(_apart(s, t) for s in source for t in target):
        return "endocrine"
    if (coded and any(map(LOCAL.match, genes))) or "matrix" in hinted or kind in SMALL:
        return "paracrine"
    if (
        "secreted" in hinted
        or kind in {"steroid", "thyroid_hormone", "monoamine"}
        or genes <= secreted
    ):
        return "endocrine"
    return "unknown"


def _synaptic(
    factor: str, kind: str, classes: set[str], source: set[str], transmitter_hint: bool
) -> bool:
    """Whether all that is on record says that neurons release it at their target."""
    hormone = hormones.find(factor.split(" (")[0])
    transmitter = kind in NOT_CODED and hormone is not None and hormone.transmitter
    if not source:
        return transmitter or transmitter_hint
    if transmitter or transmitter_hint:
        return source <= NERVOUS
    if source <= NERVOUS - CENTRAL:  # released where the nerve ends
        return True
    return kind == "peptide" and source <= NERVOUS and classes <= NEURONAL_CLASSES


def _apart(source: str, target: str) -> bool:
    """Whether a signal from `source` must travel to reach `target`."""
    same = source == target or {source, target} <= SKELETON or {source, target} <= CENTRAL
    return not same and "systemic" not in (source, target)
