"""Ligands that no gene codes for, through the genes that make and release them."""

from typing import NamedTuple

from .complexes import canonical, from_steps, parse, to_text

NOT_CODED = frozenset(
    {"amino_acid", "lipid", "metabolite", "monoamine", "steroid", "thyroid_hormone"}
)
_TRANSMITTER = "MEBOCOST reactions; doi:10.1038/s41467-023-36800-w"
_STEROID = "MEBOCOST reactions; doi:10.1210/er.2010-0013"
_CORTICOSTERONE = f"{_STEROID}; PMID:1312193 (no CYP17A1 in the adrenals of mouse and rat)"


class Hormone(NamedTuple):
    """How one substance is made: every step is needed, `|` separates enzymes that can do it."""

    name: str
    kind: str  # as `ligand_kind` of the evidence tables
    steps: tuple[str, ...]
    last: str  # the committed step, after which the active form leaves the cell
    source: str
    aliases: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()  # steps done in another tissue, so not asked of the sender
    rodent: tuple[str, ...] = ()  # steps in rodent symbols, where they are not the human ones
    transmitter: bool = False  # acts across a synapse unless an endocrine source is on record


HORMONES = (
    Hormone(
        "norepinephrine",
        "monoamine",
        ("TH", "DDC", "DBH", "SLC18A1|SLC18A2"),
        "DBH",
        _TRANSMITTER,
        ("noradrenaline", "ne"),
        transmitter=True,
    ),
    Hormone(
        "epinephrine",
        "monoamine",
        ("TH", "DDC", "DBH", "PNMT", "SLC18A1|SLC18A2"),
        "PNMT",
        _TRANSMITTER,
        ("adrenaline", "epi", "adr"),
    ),
    Hormone(
        "dopamine",
        "monoamine",
        ("TH", "DDC", "SLC18A1|SLC18A2"),
        "DDC",
        _TRANSMITTER,
        ("da", "dopa"),
        transmitter=True,
    ),
    Hormone(
        "serotonin",
        "monoamine",
        ("TPH1|TPH2", "DDC", "SLC18A1|SLC18A2"),
        "DDC",
        _TRANSMITTER,
        ("5ht", "5-ht"),
        transmitter=True,
    ),
    Hormone(
        "melatonin",
        "monoamine",
        ("TPH1|TPH2", "DDC", "AANAT", "ASMT"),
        "ASMT",
        "MEBOCOST reactions",
    ),
    Hormone("histamine", "monoamine", ("HDC",), "HDC", "MEBOCOST reactions", ("hist",)),
    Hormone(
        "acetylcholine",
        "metabolite",
        ("CHAT", "SLC18A3"),
        "CHAT",
        _TRANSMITTER,
        ("ach",),
        transmitter=True,
    ),
    Hormone(
        "GABA", "amino_acid", ("GAD1|GAD2", "SLC32A1"), "GAD1|GAD2", _TRANSMITTER, transmitter=True
    ),
    Hormone(
        "glutamate",
        "amino_acid",
        ("GLS|GLS2", "SLC17A6|SLC17A7|SLC17A8"),
        "GLS|GLS2",
        _TRANSMITTER,
        ("glu", "l-glutamic acid"),
        transmitter=True,
    ),
    Hormone(
        "glycine",
        "amino_acid",
        ("SHMT1|SHMT2", "SLC32A1"),
        "SHMT1|SHMT2",
        _TRANSMITTER,
        ("gly",),
        transmitter=True,
    ),
    Hormone(
        "cortisol",
        "steroid",
        ("STAR", "CYP11A1", "HSD3B2", "CYP17A1", "CYP21A2", "CYP11B1"),
        "CYP11B1",
        _CORTICOSTERONE,
        ("cort", "corticosterone", "glucocorticoid"),
        elsewhere=("HSD11B1",),  # cortisone is activated in the target: see modulators
        rodent=("Star", "Cyp11a1", "Hsd3b1", "Cyp21a1", "Cyp11b1"),
    ),
    Hormone(
        "aldosterone",
        "steroid",
        ("STAR", "CYP11A1", "HSD3B2", "CYP21A2", "CYP11B2"),
        "CYP11B2",
        _STEROID,
        ("aldo",),
        rodent=("Star", "Cyp11a1", "Hsd3b1|Hsd3b6", "Cyp21a1", "Cyp11b2"),
    ),
    Hormone(
        "testosterone",
        "steroid",
        ("STAR", "CYP11A1", "CYP17A1", "HSD3B2", "HSD17B3"),
        "HSD17B3",
        _STEROID,
        rodent=("Star", "Cyp11a1", "Cyp17a1", "Hsd3b1|Hsd3b6", "Hsd17b3"),
    ),
    Hormone(
        "progesterone",
        "steroid",
        ("STAR", "CYP11A1", "HSD3B1|HSD3B2"),
        "HSD3B1|HSD3B2",
        _STEROID,
        rodent=("Star", "Cyp11a1", "Hsd3b1|Hsd3b6"),
    ),
    # The androgen comes from the theca or Leydig cell beside the cell that aromatises it.
    Hormone("estradiol", "steroid", ("CYP19A1", "HSD17B1"), "CYP19A1", _STEROID, ("e2",)),
    Hormone(
        "1,25-dihydroxyvitamin D3",
        "steroid",
        ("CYP27B1",),
        "CYP27B1",
        "MEBOCOST reactions",
        ("calcitriol", "vitamin d"),
        elsewhere=("CYP2R1",),  # 25-hydroxylation in the liver; the product circulates
    ),
    Hormone(
        "triiodothyronine",
        "thyroid_hormone",
        ("SLC5A5", "TG", "TPO"),
        "TPO",
        "MEBOCOST reactions; doi:10.1530/JOE-10-0448 (the thyroid secretes T4)",
        ("t3", "thyroid hormone t3", "thyroxine", "lthyroxine"),
        elsewhere=("DIO2",),  # T4 becomes T3 in the target: see modulators
    ),
    Hormone(
        "prostaglandin E2",
        "lipid",
        ("PTGS1|PTGS2", "PTGES|PTGES2|PTGES3"),
        "PTGES|PTGES2|PTGES3",
        "MEBOCOST reactions",
        ("pge2", "prostaglandine2"),
    ),
    Hormone(
        "sphingosine-1-phosphate",
        "lipid",
        ("SPHK1|SPHK2", "SPNS2"),
        "SPHK1|SPHK2",
        "MEBOCOST reactions; doi:10.1194/jlr.S091959",
        ("s1p", "sphingosine 1-phosphate"),
    ),
    Hormone(
        "2-arachidonoylglycerol",
        "lipid",
        ("DAGLA|DAGLB",),
        "DAGLA|DAGLB",
        "doi:10.1098/rstb.2011.0387",
        ("2-ag", "2ag", "2arachidonoylglycerol", "endocannabinoids"),
    ),
    # Two ways out of the cell: vesicles or hemichannels.
    Hormone(
        "ATP",
        "metabolite",
        ("SLC17A9|GJA1",),
        "SLC17A9|GJA1",
        "doi:10.1073/pnas.0800141105; evidence rows",
    ),
    Hormone(
        "kynurenine", "metabolite", ("IDO1|TDO2",), "IDO1|TDO2", "evidence rows", ("l-kynurenine",)
    ),
    Hormone(
        "kynurenic acid",
        "metabolite",
        ("AADAT|GOT2|KYAT1|KYAT3",),
        "AADAT|GOT2|KYAT1|KYAT3",
        "doi:10.1038/s41467-019-10712-0; evidence rows",
    ),
    Hormone("succinate", "metabolite", ("SUCLG1", "SUCLA2|SUCLG2"), "SUCLG1", "evidence rows"),
    Hormone(
        "beta-aminoisobutyric acid",
        "metabolite",
        ("ABAT|UPB1",),
        "ABAT|UPB1",
        "evidence rows",
        ("baiba",),
    ),
)

_BY_NAME = {name.lower(): h for h in HORMONES for name in (h.name, *h.aliases)}


def find(name: str) -> Hormone | None:
    """Return the hormone of that name or alias, whatever the case; None if it is not listed."""
    return _BY_NAME.get(name.strip().lower())


def key_of(factor: str, kind: str, ligand: str) -> str:
    """Return what makes two ligands the same: the substance where it is known, else the genes."""
    hormone = find(factor) if kind in NOT_CODED else None
    return hormone.name if hormone else ligand


def sender_genes(ligand: str, synthesis_genes: str = "") -> str:
    """Complex of human genes that a sender must express to release a substance.

    The genes of an evidence row stand where they are one full way to make it, with or without
    a release step; where a row lists enzymes that replace one another as if all were needed,
    the steps of `HORMONES` are taken.

    Parameters
    ----------
    ligand
        Substance, e.g. ``"norepinephrine"``.
    synthesis_genes
        Complex noted in the evidence; empty if none.

    Returns
    -------
    Complex; empty where neither the table nor the row knows, or where the row names only a step
    that the receiving tissue does.
    """
    hormone = find(ligand)
    if hormone is None:
        return canonical(synthesis_genes) if synthesis_genes else ""
    ways = from_steps(*hormone.steps)
    noted = [set(part) - set(hormone.elsewhere) for part in parse(synthesis_genes or ways)]
    if not any(noted):
        return ""
    one_way = all(sum(set(way) <= part for way in parse(ways)) == 1 for part in noted)
    return canonical(to_text(noted)) if one_way else ways
