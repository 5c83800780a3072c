"""Command line: each command parses its arguments and calls one function of the library."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from .output import print_json, print_out, records, show, show_record, show_run

EXIT_CODES = (
    "Exit codes: 0 done; 1 a defect of the program; 2 the input, a file or the command cannot be "
    "used, and the message says what to do; 130 interrupted."
)


def _examples(*lines: str) -> str:
    return "\n\n".join(["Examples:", *lines])


def _group(text: str) -> typer.Typer:
    return typer.Typer(no_args_is_help=True, help=text, epilog=EXIT_CODES)


app = typer.Typer(
    name="crosstalk",
    help="Muscle, bone and brain talk: signatures, scores and cross-tissue candidates.",
    epilog="\n\n".join(
        [
            _examples(
                "crosstalk init my_study.yaml",
                "crosstalk run my_study.yaml",
                "crosstalk signatures show irisin",
            ),
            "Tables are cut to fit a terminal; a pipe gets them whole, machines get --json.",
            EXIT_CODES,
        ]
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
datasets_app = _group("Public data sets and resources.")
signatures_app = _group("Curated signatures and their evidence.")
interactions_app = _group("Ligands, receptors and routes.")
app.add_typer(datasets_app, name="datasets")
app.add_typer(signatures_app, name="signatures")
app.add_typer(interactions_app, name="interactions")


def _keys(file: str, *inside: str) -> Callable[[str], list[str]]:
    """Shell completion from the keys of a packaged YAML file, without importing the library."""

    def complete(incomplete: str) -> list[str]:
        import yaml

        from ..core.resources import packaged

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        found = yaml.load(packaged(file).read_text(encoding="utf-8"), Loader=loader)
        for key in inside:
            found = found[key]
        return [name for name in found if name.startswith(incomplete)]

    return complete


_DATASETS = _keys("data_manifest.yaml", "datasets")
_SIGNATURES = _keys("signatures/signatures.yaml")
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Organism = Annotated[str, typer.Option(help="human, mouse or rat.")]
Study = Annotated[Path, typer.Argument(help="Study file; `crosstalk init` writes one.")]


def main() -> None:
    """Run the command line; a `CrosstalkError` becomes one message and exit code 2."""
    from ..core.errors import CrosstalkError

    try:
        app()
    except CrosstalkError as error:
        sys.exit(_fail(f"Error: {error}", 2))


def _fail(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code


def _version(asked: bool) -> None:
    if asked:
        from .. import __version__

        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("crosstalk_omics").setLevel(logging.INFO)


@app.command(
    epilog=_examples(
        "crosstalk run examples/demo.yaml", "crosstalk run my_study.yaml --output results/again"
    )
)
def run(
    study: Study,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Results folder, instead of the study's.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a study: load, score, compare, infer in both directions, draw, report."""
    from .. import pipeline

    try:
        folder = pipeline.run(study, output=output)
    except KeyboardInterrupt:
        sys.exit(_fail("Interrupted. What is finished is kept: run the command again.", 130))
    show_run(pipeline.summary(folder), json)


@app.command(epilog=_examples("crosstalk init my_study.yaml"))
def init(
    path: Annotated[Path, typer.Argument(help="File to write; must not exist.")] = Path(
        "study.yaml"
    ),
) -> None:
    """Write a commented study file to start from."""
    from ..config import write_template

    print_out(f"Wrote {write_template(path)}. Edit it, then: crosstalk run {path}")


@app.command(
    epilog=_examples(
        "crosstalk calibrate examples/demo.yaml muscle bone -o calibration",
        "crosstalk calibrate examples/demo.yaml bone muscle --repeats 5 --json",
    )
)
def calibrate(
    study: Study,
    source: Annotated[str, typer.Argument(help="Name of the sending tissue in it.")],
    target: Annotated[str, typer.Argument(help="Name of the receiving tissue in it.")],
    scenario: Annotated[
        list[str],
        typer.Option(
            help="labels, conditions, rewired, decoys, contact, swap, split, positives or scores; "
            "repeat the option for several."
        ),
    ] = ["labels", "rewired", "decoys", "positives"],  # noqa: B006  # typer copies it
    unrelated: Annotated[
        str | None, typer.Option(help="Name of the tissue that sends in the scenario swap.")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Repeats of each shuffle.")] = 20,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write to.")
    ] = None,
    json: Json = False,
) -> None:
    """Rerun the inference with shuffled labels, rewired pairs and decoys: are p-values true?"""
    from .. import pipeline

    table = pipeline.calibrate(
        study, source, target,
        scenarios=scenario, unrelated=unrelated, n_repeats=repeats, output=output,
    )  # fmt: skip
    show(table, json)


@datasets_app.command(
    "list", epilog=_examples("crosstalk datasets list", "crosstalk datasets list | grep mouse")
)
def datasets_list(json: Json = False) -> None:
    """List the data sets and resources of the manifest."""
    from .. import datasets

    show(datasets.list(), json, first=("id", "organism", "tissue", "modality", "replicates"))


@datasets_app.command("info", epilog=_examples("crosstalk datasets info motrpac_rat_gastrocnemius"))
def datasets_info(
    dataset: Annotated[str, typer.Argument(help="Its id.", autocompletion=_DATASETS)],
    json: Json = False,
) -> None:
    """Show one entry: what it is, licence, columns, caveats; --json adds every file."""
    from .. import datasets

    entry = datasets.info(dataset)
    if not json:
        for recipe in ("samples", "reader", "options"):
            entry.pop(recipe, None)
        if entry.get("parts"):
            entry["parts"] = list(entry["parts"])
        sizes = [file.get("bytes") for file in entry["files"]]
        known = f", {sum(sizes) / 1e6:.1f} MB" if all(sizes) else ""
        entry["files"] = f"{len(sizes)}{known}, e.g. {entry['files'][0]['url']}"
    show_record(entry, json)


@datasets_app.command(
    "fetch", epilog=_examples("crosstalk datasets fetch mouse_bm_endosteal_stroma_250")
)
def datasets_fetch(
    ids: Annotated[list[str], typer.Argument(help="One or more ids.", autocompletion=_DATASETS)],
    json: Json = False,
) -> None:
    """Download files into the cache and verify them; what is there already is not fetched."""
    from .. import datasets

    found = {dataset: datasets.fetch(dataset) for dataset in ids}
    if json:
        print_json({name: {k: str(v) for k, v in files.items()} for name, files in found.items()})
    else:
        print_out("\n".join(str(path) for files in found.values() for path in files.values()))


@datasets_app.command(
    "check",
    epilog=_examples(
        "crosstalk datasets check", "crosstalk datasets check mouse_bm_endosteal_stroma_250 --json"
    ),
)
def datasets_check(
    dataset: Annotated[
        str | None,
        typer.Argument(help="One id; all cached files if left out.", autocompletion=_DATASETS),
    ] = None,
    json: Json = False,
) -> None:
    """Compare the cached files with their checksums."""
    from .. import datasets

    show(datasets.check(dataset), json, first=("dataset", "file", "status", "path"))


@datasets_app.command("schema", epilog=_examples("crosstalk datasets schema > schema.json"))
def datasets_schema() -> None:
    """Print the JSON Schema of `data_manifest.yaml`, for editors and validators."""
    from .. import datasets

    print_json(datasets.json_schema())


@signatures_app.command(
    "list",
    epilog=_examples("crosstalk signatures list", "crosstalk signatures list | grep receiver"),
)
def signatures_list(json: Json = False) -> None:
    """List the named signatures with their sizes in human, mouse and rat."""
    from .. import signatures

    show(signatures.list(), json, first=("signature", "n_human", "n_mouse", "n_rat", "title"))


@signatures_app.command(
    "show",
    epilog=_examples(
        "crosstalk signatures show irisin", "crosstalk signatures show myokine_sender --json"
    ),
)
def signatures_show(
    name: Annotated[
        str, typer.Argument(help="Factor, gene or signature id.", autocompletion=_SIGNATURES)
    ],
    json: Json = False,
) -> None:
    """Show the evidence behind a factor, a gene or a signature."""
    from .. import signatures

    first = ("ligand", "receptor", "target_tissue", "effect", "level", "year", "doi")
    show(signatures.evidence(name), json, first=first)


@signatures_app.command(
    "validate",
    epilog=_examples(
        "crosstalk signatures validate", "crosstalk signatures validate my_sets.gmt --json"
    ),
)
def signatures_validate(
    path: Annotated[
        Path | None, typer.Argument(help="Your own table; the packaged ones if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Check tables against their schema and vocabularies; exit code 2 on errors."""
    from .. import signatures

    report = signatures.validate(path)
    if json:
        parts = ("findings", "counts", "changes")
        print_json({part: records(getattr(report, part)) for part in parts})
    else:
        print_out(str(report))
    if report.has_errors:
        raise typer.Exit(2)


@signatures_app.command(
    "export",
    epilog=_examples(
        "crosstalk signatures export myokine -o myokine.gmt",
        "crosstalk signatures export myokine osteokine -o mouse.tsv --organism mouse",
    ),
)
def signatures_export(
    names: Annotated[
        list[str],
        typer.Argument(help="Class names or signature ids.", autocompletion=_SIGNATURES),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help=".gmt, .tsv (net) or .json")],
    organism: Organism = "human",
) -> None:
    """Write signatures as GMT, net or JSON."""
    from .. import signatures

    print_out(signatures.export(names, output, organism=organism))


@signatures_app.command("browse", epilog=_examples("crosstalk signatures browse -o all.html"))
def signatures_browse(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path(
        "signatures.html"
    ),
) -> None:
    """Write the whole evidence as one searchable HTML page."""
    from .. import signatures

    print_out(signatures.browse(output))


@interactions_app.command(
    "list",
    epilog=_examples(
        "crosstalk interactions list --route endocrine",
        "crosstalk interactions list --resource consensus --organism mouse --json",
    ),
)
def interactions_list(
    resource: Annotated[str, typer.Option(help="curated, consensus, all or a path.")] = "curated",
    organism: Organism = "human",
    route: Annotated[str | None, typer.Option(help="endocrine, paracrine, juxtacrine ...")] = None,
    json: Json = False,
) -> None:
    """List ligands, receptors and their evidence."""
    from .. import interactions

    first = ("factor", "ligand_complex", "receptor_complex", "route", "evidence_level", "effects")
    show(interactions.load(resource, organism=organism, route=route), json, first=first)


@interactions_app.command("routes", epilog=_examples("crosstalk interactions routes brain bone"))
def interactions_routes(
    source: Annotated[str, typer.Argument(help="Tissue, organ or class of the vocabulary.")],
    target: Annotated[str, typer.Argument(help="Tissue, organ or class of the vocabulary.")],
    max_steps: Annotated[int, typer.Option(min=1, help="Longest route, in steps.")] = 4,
    json: Json = False,
) -> None:
    """Show multi-step routes from one tissue to another, each step with its evidence."""
    from .. import interactions

    show(interactions.routes(source, target, max_steps=max_steps), json)
