"""The methods text of a report, put together from what ran, with the papers behind it."""

from typing import Any

from ..config import Study


def paragraphs(study: Study, data: list[dict[str, Any]]) -> list[str]:
    """Write one paragraph per part of the run, for the report and for a paper."""
    from .. import __version__

    return [
        _data(data),
        _scores(study),
        _crosstalk(study, data),
        *([_contrast()] if any(t.contrast for t in study.tissues.values()) else []),
        *([_paired(study)] if study.paired else []),
        f"Done with crosstalk_omics {__version__}, seed {study.seed}. Literature annotates the "
        "candidates; it enters no p-value.",
    ]


def _data(data: list[dict[str, Any]]) -> str:
    parts = []
    for d in data:
        source = f"{d['dataset']} ({d['accession']})" if d.get("accession") else d["dataset"]
        donors = f", {d['donors']} donors" if d["donors"] else ", no donors"
        parts.append(
            f"{d['id']}: {source or 'own file'}, {d['organism']}, {d['modality']}, "
            f"{d['n_obs']} observations{donors}, {d['n_vars']} genes"
        )
    return "Data. " + "; ".join(parts) + ". Identifiers were mapped to current gene symbols."


def _scores(study: Study) -> str:
    from ..tl import score_methods

    table = score_methods().set_index("method")
    cited = "; ".join(f"{m} ({table.loc[m, 'reference']})" for m in study.scoring.methods)
    return (
        f"Scores. Signatures ({', '.join(study.scoring.signatures)}) with at least "
        f"{study.scoring.min_targets} genes in the data were scored by {cited}. Differences "
        "between conditions were tested with donors as replicates, by a linear model with "
        "variances moderated over signatures (Smyth 2004, doi:10.2202/1544-6115.1027)."
    )


def _crosstalk(study: Study, data: list[dict[str, Any]]) -> str:
    asked = study.interactions
    route = f", route {asked.route}" if asked.route else ""
    few = [d["id"] for d in data if d["donors"] < 3]
    unit = (
        f" Fewer than 3 donors were known for {', '.join(few)}: there cells (where single cells "
        "were measured) stand for replicates and the result is descriptive, or ranks are given "
        "without a test."
        if few
        else ""
    )
    return (
        f"Cross-tissue candidates. Ligand-receptor pairs came from the {asked.resource} table"
        f"{route}. The tissues were never merged: each side was judged inside its own tissue, by "
        "percentile ranks among its measured genes and by a test of specificity over its own "
        "groups, or of presence against other genes of like detection where a tissue is one "
        "group. A complex counts by its weakest subunit. The p-value of a pair is the larger of "
        "the two sides; the false discovery rate over the pairs of a direction is by adaptive "
        f"filtering (Wang et al. 2022, doi:10.1214/21-aos2139).{unit}"
    )


def _contrast() -> str:
    return (
        "Contrasts. Change of a ligand between conditions was tested with donors as replicates "
        "(moderated linear model, within donors where the same donor has both conditions), and "
        "joined with the receiver's side as above."
    )


def _paired(study: Study) -> str:
    strata = f" within {' and '.join(study.paired.strata)}" if study.paired.strata else ""
    return (
        f"Same donors. Ligands and receptors were correlated over shared donors "
        f"({study.paired.method}); the null re-pairs donors{strata} "
        f"({study.paired.n_perms} permutations)."
    )
