"""Command line: each command parses its arguments and calls one function of the library."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    name="crosstalk",
    help="Muscle, bone and brain talk: signatures, scores and cross-tissue candidates.",
    epilog="Exit codes: 0 done, 1 a defect of the program, 2 bad input, 130 interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
datasets_app = typer.Typer(no_args_is_help=True, help="Public data sets and resources.")
signatures_app = typer.Typer(no_args_is_help=True, help="Curated signatures and their evidence.")
interactions_app = typer.Typer(no_args_is_help=True, help="Ligands, receptors and routes.")
app.add_typer(datasets_app, name="datasets")
app.add_typer(signatures_app, name="signatures")
app.add_typer(interactions_app, name="interactions")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Organism = Annotated[str, typer.Option(help="human, mouse or rat.")]


def main() -> None:
    """Run the command line; a `CrosstalkError` becomes one message and exit code 2."""
    from .core.errors import CrosstalkError

    try:
        app()
    except CrosstalkError as error:
        sys.exit(_fail(f"Error: {error}", 2))
    except BrokenPipeError:  # the reader of our output, such as `head`, has seen enough
        sys.stderr.close()


def _fail(text: str, code: int) -> int:
    print(text, file=sys.stderr)
    return code


def _version(asked: bool) -> None:
    if asked:
        from . import __version__

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


@app.command(epilog="Example: crosstalk run examples/demo.yaml")
def run(
    study: Annotated[Path, typer.Argument(help="Study file; `crosstalk init` writes one.")],
    output: Annotated[
        Path | None, typer.Option(help="Results folder, instead of the study's.")
    ] = None,
) -> None:
    """Run a study: load, score, compare, infer in both directions, draw, report."""
    from . import pipeline

    try:
        folder = pipeline.run(study, output=output)
    except KeyboardInterrupt:
        sys.exit(_fail("Interrupted. What is finished is kept: run the command again.", 130))
    print(pipeline.summary(folder))


@app.command(epilog="Example: crosstalk init my_study.yaml")
def init(
    path: Annotated[Path, typer.Argument(help="File to write; must not exist.")] = Path(
        "study.yaml"
    ),
) -> None:
    """Write a commented study file to start from."""
    from .config import write_template

    print(f"Wrote {write_template(path)}. Edit it, then: crosstalk run {path}")


@app.command(epilog="Example: crosstalk calibrate examples/demo.yaml muscle bone -o calibration")
def calibrate(
    study: Annotated[Path, typer.Argument(help="Study file.")],
    source: Annotated[str, typer.Argument(help="Name of the sending tissue in it.")],
    target: Annotated[str, typer.Argument(help="Name of the receiving tissue in it.")],
    repeats: Annotated[int, typer.Option(help="Repeats of each shuffle.")] = 20,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write to.")
    ] = None,
    json: Json = False,
) -> None:
    """Rerun the inference with shuffled labels, rewired pairs and decoys: are p-values true?"""
    from . import pipeline

    _show(pipeline.calibrate(study, source, target, n_repeats=repeats, output=output), json)


@datasets_app.command("list")
def datasets_list(json: Json = False) -> None:
    """List the data sets and resources of the manifest."""
    from . import datasets

    _show(datasets.list(), json)


@datasets_app.command("info", epilog="Example: crosstalk datasets info motrpac_rat_gastrocnemius")
def datasets_info(dataset: str, json: Json = False) -> None:
    """Show one entry: files, licence, columns, caveats."""
    from . import datasets

    _show_record(datasets.info(dataset), json)


@datasets_app.command(
    "fetch", epilog="Example: crosstalk datasets fetch mouse_bm_endosteal_stroma_250"
)
def datasets_fetch(ids: Annotated[list[str], typer.Argument(help="One or more ids.")]) -> None:
    """Download files into the cache and verify them; what is there already is not fetched."""
    from . import datasets

    for dataset in ids:
        for path in datasets.fetch(dataset).values():
            print(path)


@datasets_app.command("check")
def datasets_check(
    dataset: Annotated[
        str | None, typer.Argument(help="One id; all cached files if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare the cached files with their checksums."""
    from . import datasets

    _show(datasets.check(dataset), json)


@signatures_app.command("list")
def signatures_list(json: Json = False) -> None:
    """List the named signatures with their sizes in human, mouse and rat."""
    from . import signatures

    _show(signatures.list(), json)


@signatures_app.command("show", epilog="Example: crosstalk signatures show irisin")
def signatures_show(name: str, json: Json = False) -> None:
    """Show the evidence behind a factor, a gene or a signature."""
    from . import signatures

    _show(signatures.evidence(name), json)


@signatures_app.command("validate")
def signatures_validate(
    path: Annotated[
        Path | None, typer.Argument(help="Your own table; the packaged ones if left out.")
    ] = None,
) -> None:
    """Check tables against their schema and vocabularies; exit code 2 on errors."""
    from . import signatures

    print(signatures.validate(path).raise_on_errors())


@signatures_app.command(
    "export", epilog="Example: crosstalk signatures export myokine -o myokine.gmt"
)
def signatures_export(
    names: Annotated[list[str], typer.Argument(help="Class names or signature ids.")],
    output: Annotated[Path, typer.Option("--output", "-o", help=".gmt, .tsv (net) or .json")],
    organism: Organism = "human",
) -> None:
    """Write signatures as GMT, net or JSON."""
    from . import signatures

    print(signatures.export(names, output, organism=organism))


@signatures_app.command("browse")
def signatures_browse(
    output: Annotated[Path, typer.Option("--output", "-o")] = Path("signatures.html"),
) -> None:
    """Write the whole evidence as one searchable HTML page."""
    from . import signatures

    print(signatures.browse(output))


@interactions_app.command("list", epilog="Example: crosstalk interactions list --route endocrine")
def interactions_list(
    resource: Annotated[str, typer.Option(help="curated, consensus, all or a path.")] = "curated",
    organism: Organism = "human",
    route: Annotated[str | None, typer.Option(help="endocrine, paracrine, juxtacrine ...")] = None,
    json: Json = False,
) -> None:
    """List ligands, receptors and their evidence."""
    from . import interactions

    _show(interactions.load(resource, organism=organism, route=route), json)


@interactions_app.command("routes", epilog="Example: crosstalk interactions routes brain bone")
def interactions_routes(source: str, target: str, max_steps: int = 4, json: Json = False) -> None:
    """Show multi-step routes from one tissue to another, each step with its evidence."""
    from . import interactions

    _show(interactions.routes(source, target, max_steps=max_steps), json)


def _show(frame: "pd.DataFrame", json: bool) -> None:
    """Print a table: JSON, TSV for a pipe, or a rich table that fits the terminal."""
    if json:
        print(frame.to_json(orient="records", indent=1))
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(show_lines=False, row_styles=["", "dim"])
        for column in frame.columns:
            table.add_column(str(column), overflow="fold")
        for row in frame.astype(str).itertuples(index=False):
            table.add_row(*row)
        Console().print(table)
    else:
        print(frame.to_csv(sep="\t", index=False, na_rep="NA"), end="")


def _show_record(record: dict, json: bool) -> None:
    """Print one mapping as JSON or as YAML, which people read more easily."""
    if json:
        import json as writer

        print(writer.dumps(record, indent=1, default=str))
    else:
        import yaml

        print(yaml.safe_dump(record, sort_keys=False, allow_unicode=True), end="")


if __name__ == "__main__":
    main()
