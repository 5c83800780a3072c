"""What a changed ligand should do to the target: signed curated effects and roles in words."""

import numpy as np
import pandas as pd
from anndata import AnnData

from ...core.names import TISSUE, UNS
from ...signatures.schema import descendants, vocabularies

BLOCKERS = ("antagonist", "decoy")  # more of them is less signal
BUILDS = {
    "bone": (
        "bone_formation", "bone_mass", "mineralization", "fracture_healing",
        "longitudinal_growth", "osteoblast_proliferation", "osteoblast_survival",
        "osteocyte_survival",
    ),
    "muscle": (
        "muscle_mass", "muscle_strength", "muscle_function", "muscle_integrity",
        "muscle_regeneration", "myogenesis", "neuromuscular_junction", "exercise_capacity",
    ),
    "cartilage": ("chondrogenesis",),
}  # fmt: skip
BREAKS = {"bone": ("bone_resorption",), "cartilage": ("cartilage_degradation",)}
SEEN_IN = {  # groups of effect terms that a tissue can show; a factor does other things elsewhere
    "bone": ("bone", "cartilage", "mineral", "blood", "immune", "cell"),
    "cartilage": ("cartilage", "bone", "immune", "cell"),
    "muscle": ("muscle", "metabolism", "immune", "cell"),
}
TISSUE_WORDS = {
    "muscle": (
        "muscle", "vastus", "gastrocnemius", "quadriceps", "soleus", "myofib", "myotube",
        "myoblast", "fibre", "fiber",
    ),
    "cartilage": ("cartilage", "chondro"),
    "bone": ("bone", "osteo", "marrow", "stroma"),
}  # fmt: skip


def kind_of_tissue(adata: AnnData) -> str | None:
    """Bone, muscle, cartilage or other, by what the data say of themselves; `None`: nothing."""
    named = str(adata.uns.get(UNS, {}).get(TISSUE) or "").lower()
    if not named:
        return None
    found = [kind for kind, words in TISSUE_WORDS.items() if any(w in named for w in words)]
    return found[0] if found else "other"


def effects_on(effects: pd.Series, kind: str | None) -> pd.Series:
    """Keep the curated effects that a target of this kind can show; all where it is unknown."""
    if kind not in SEEN_IN:
        return effects
    elsewhere = set(vocabularies()["effect"]) - descendants("effect", SEEN_IN[kind])
    lists = effects.fillna("").astype(str).str.split("; ")
    return lists.map(lambda es: "; ".join(e for e in es if e.rpartition(":")[0] not in elsewhere))


def predicted_effect(effects: str, change: float, kind: str | None) -> str:
    """Anabolic or catabolic for the target, from curated effects and the ligand's change.

    Parameters
    ----------
    effects
        Effects of more of the factor, ``"bone_formation:+; bone_resorption:-"``.
    change
        Change of the factor; only its sign counts.
    kind
        Tissue whose effects count; `None`: all of them; ``"other"``: none of them.

    Returns
    -------
    ``"anabolic"``, ``"catabolic"``, ``"conflicting"`` (papers or terms disagree) or ``""``.
    """
    if not change or np.isnan(change):
        return ""
    kinds = [kind] if kind else list(BUILDS)
    builds = {term for k in kinds for term in BUILDS.get(k, ())}
    breaks = {term for k in kinds for term in BREAKS.get(k, ())}
    signs = set()
    for entry in filter(None, (e.strip() for e in str(effects).split(";"))):
        term, _, sign = entry.rpartition(":")
        value = {"+": 1, "-": -1}.get(sign, 0) * ((term in builds) - (term in breaks))
        signs |= {value} - {0}
    if len(signs) == 2:
        return "conflicting"
    if not signs:
        return ""
    return "anabolic" if signs.pop() * change > 0 else "catabolic"


def add_direction(table: pd.DataFrame, target: AnnData | None) -> pd.DataFrame:
    """Add `direction` (of the ligand), `signal` and `predicted_effect` to a contrast table."""
    if "receptor_complex" in table and "logfc_receptor" not in table:
        table = table.assign(logfc_receptor=np.nan)
    change = table["logfc_ligand"].to_numpy(float)
    blocks = table["role"].isin(BLOCKERS).to_numpy()
    sent = change * np.where(blocks, -1, 1)
    received = np.nan_to_num(table.get("logfc_receptor", sent), nan=0.0)
    carrier = (table["role"] == "carrier").to_numpy()
    signal = np.select(
        [np.isnan(change) | (change == 0), carrier, sent * received < 0, sent > 0],
        ["", "carrier", "mixed", "gain"],
        "loss",
    )
    kind = kind_of_tissue(target) if target is not None else None
    effects = [predicted_effect(e, c, kind) for e, c in zip(table["effects"], change, strict=True)]
    return table.assign(
        direction=np.select([change > 0, change < 0], ["up", "down"], ""),
        signal=signal,
        antagonist_lost=blocks & (change < 0),
        predicted_effect=np.where(signal == "mixed", "", effects),
    )


def expected_signal(signal: str) -> int:
    """Sign of the response that a `signal` should make; 0 where none is expected."""
    return {"gain": 1, "loss": -1}.get(signal, 0)
