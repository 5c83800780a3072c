"""What holds for the whole package: layers, public signatures, docstrings, sizes, start-up time."""

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "crosstalk_omics"
FILES = sorted(PACKAGE.rglob("*.py"))

# a part may import itself and what stands behind it
LAYERS = {
    "core": set(),
    "kernels": set(),
    "datasets": {"core"},
    "signatures": {"core", "datasets"},
    "interactions": {"core", "datasets", "signatures"},
    "pp": {"core", "datasets", "signatures", "interactions", "kernels"},
    "tl": {"core", "kernels", "pp", "datasets", "signatures", "interactions"},
    "pl": {"core"},
    "report": {"core", "pl"},
    "config": {"core"},
    "pipeline": {
        "config", "core", "datasets", "interactions", "pl", "pp", "report", "signatures", "tl"
    },
    "cli": {"config", "core", "datasets", "interactions", "pipeline", "report", "signatures", "tl"},
}  # fmt: skip


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(path: Path) -> set[str]:
    """Parts of the package that a file imports, at the top or inside a function."""
    package = ["crosstalk_omics", *path.relative_to(PACKAGE).parent.parts]
    parts = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            full = [*base, *(node.module or "").split(".")] if node.module else base
            if full[:1] == ["crosstalk_omics"]:
                parts |= {full[1]} if len(full) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("crosstalk_omics."):
                    parts.add(alias.name.split(".")[1])
    return parts - {"__version__"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path):
    part = part_of(path)
    if part == "__init__":
        return
    assert imported_parts(path) - {part} <= LAYERS[part]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_and_functions_stay_readable(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert length <= 40, f"{node.name} has {length} lines"
            assert not any(isinstance(n, ast.Assert) for n in ast.walk(node)), node.name


def public_functions() -> list[tuple[str, object]]:
    found = []
    for space in ("datasets", "interactions", "pl", "pp", "report", "signatures", "tl", "pipeline"):
        module = import_module(f"crosstalk_omics.{space}")
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isfunction(thing):
                found.append((f"{space}.{name}", thing))
    return found


@pytest.mark.parametrize(
    "function", [pytest.param(thing, id=name) for name, thing in public_functions()]
)
def test_public_function_follows_the_conventions(function):
    parameters = inspect.signature(function).parameters.values()
    positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert len(positional) <= 3
    assert not any(p.kind is p.VAR_KEYWORD for p in parameters)
    assert all(p.annotation is not p.empty for p in parameters)
    doc = inspect.getdoc(function) or ""
    if positional:
        assert "Parameters\n----------" in doc
        for parameter in parameters:
            assert parameter.name in doc, f"{parameter.name} is not documented"
    assert "Returns\n-------" in doc or function.__annotations__.get("return") in (None, "None")


def test_import_loads_nothing_slow():
    code = "import sys, crosstalk_omics; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = ast.literal_eval(done.stdout)
    assert not {"scanpy", "pandas", "numba", "decoupler", "matplotlib"} & set(loaded)


@pytest.mark.parametrize("word", ["scanpy", "pandas", "numba", "numpy"])
def test_help_loads_nothing_slow(word):
    code = (
        "import sys\nfrom crosstalk_omics.cli import app\n"
        "try:\n    app(['--help'], standalone_mode=False)\nexcept SystemExit:\n    pass\n"
        f"sys.exit({word!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


def test_tables_name_no_machine():
    """No tracked text names a home folder, a temporary folder or a registry."""
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not tracked:
        pytest.skip("needs a git checkout")
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yaml", ".toml", ".tsv", ".txt", ".cff", ".ipynb"}:
            text = path.read_text(encoding="utf-8")
            for word in ("/" + "work/", "/" + "root/", "index" + "-url", "find" + "-links"):
                assert word not in text, f"{name} names {word}"
