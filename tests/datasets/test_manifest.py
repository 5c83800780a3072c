"""The manifest is valid, complete and reviewable; a broken one says everything at once."""

import re

import pandas as pd
import pytest
import yaml

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError, ResourceError
from crosstalk_omics.core.resources import packaged
from crosstalk_omics.datasets.manifest import json_schema, load_manifest, tissue_terms

ENTRY = {
    "title": "Two samples",
    "organism": "mouse",
    "tissue": "bone",
    "modality": "bulk_rna",
    "value_state": "counts",
    "gene_ids": "symbol",
    "accession": "none",
    "licence": "none",
    "citation": "none",
    "reader": "matrix",
    "files": [{"name": "a.tsv", "url": "https://example.org/a.tsv", "sha256": "unknown"}],
}


def write(tmp_path, **changes):
    path = tmp_path / "m.yaml"
    entry = {k: v for k, v in {**ENTRY, **changes}.items() if v is not None}
    path.write_text(yaml.safe_dump({"datasets": {"two": entry}}))
    return path


def test_every_cached_file_has_its_entry(shared):
    files = pd.read_csv(shared / "cache" / "FILES.tsv", sep="\t", keep_default_na=False)
    entries = load_manifest()
    assert set(files["dataset"]) <= set(entries)
    for name, rows in files.groupby("dataset"):
        ours = {(f.name, f.url, f.bytes, f.sha256) for f in entries[name].files}
        assert ours == set(
            rows[["file", "url", "bytes", "sha256"]].itertuples(index=False, name=None)
        )
        assert entries[name].licence == rows["licence"].iloc[0]
        assert entries[name].accession == (rows["accession"].iloc[0] or "none stated")


def test_at_least_25_more_public_sets_are_known():
    unknown = [n for n, d in load_manifest().items() if any(f.sha256 == "unknown" for f in d.files)]
    assert len(unknown) >= 26
    tissues = {load_manifest()[n].tissue for n in unknown}
    assert {"skeletal muscle", "bone", "bone marrow", "cartilage", "hypothalamus"} <= tissues
    assert {"dorsal root ganglion", "sympathetic ganglion"} <= tissues
    assert "pituitary" in load_manifest()["gtex_v8"].parts


def test_list_and_info_tell_what_there_is():
    table = cx.datasets.list()
    assert table["id"].is_unique
    row = table.set_index("id").loc["cellchatdb_human"]
    assert row["parts"] == "interaction; complex; cofactor; geneinfo"
    assert row["bytes"] == 1519587
    assert table.set_index("id")["bytes"].isna()["tms_bulk"]
    info = cx.datasets.info("tms_bulk")
    assert info["id"] == "tms_bulk"
    assert info["columns"]["donor"] == "mouse"
    assert info["samples"]["fields"]["age"] == {"from": "characteristics: age"}


def test_expression_without_replicates_is_said_to_have_none():
    for name, data in load_manifest().items():
        if data.modality == "celltype_means":
            assert data.replicates == "none", name
        if data.replicates == "donor" and "donor" not in data.columns:
            assert any(f.sha256 == "unknown" for f in data.files), f"{name} names no donor column"


def test_tissues_and_labels_have_terms():
    terms = tissue_terms()
    entries = load_manifest().values()
    named = {data.tissue for data in entries if data.modality != "table"}
    several = {name for name in named if name[0].isdigit()}
    several |= {"many organs", "one tissue per part", "whole-mouse atlas"}
    assert named - several <= set(terms)
    assert sum(bool(data.cell_types) for data in entries) >= 11


def test_lines_are_short_enough_to_review():
    for line in packaged("data_manifest.yaml").read_text().splitlines():
        assert len(line) <= 110 or re.match(
            r"\s+(- )?(url|name|pattern|file|sha256|options):", line
        ), line


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tisue": "bone"}, r"two.tisue: Extra inputs are not permitted"),
        (
            {"organism": "cow"},
            r"two.organism: Input should be 'human', 'mouse', 'rat' or 'several'",
        ),
        ({"modality": "rna"}, r"two.modality: Input should be 'bulk_rna'"),
        ({"reader": "matrx"}, r"reader 'matrx' is unknown. Did you mean 'matrix'"),
        ({"options": {"sepp": ","}}, r"reader 'matrix' takes no option 'sepp'. Did you mean 'sep'"),
        ({"options": {"file": "b.tsv"}}, r"no file is named 'b.tsv'"),
        ({"cell_types": {"OB": "CL:62"}}, r"two.cell_types.OB: String should match pattern"),
        ({"options": {"tissue": "bone"}}, r"reader 'matrix' takes no option 'tissue'"),
        ({"parts": {"a": {"file": "c.tsv"}}}, r"no file is named 'c.tsv'"),
        ({"samples": {"file": "d.tsv"}}, r"no file is named 'd.tsv'"),
        ({"samples": {"fields": {"x": {"pattern": "y"}}}}, r"say either `from` .* or `template`"),
        ({"value_state": None}, r"expression data need `value_state` and `gene_ids`"),
        ({"files": []}, r"two.files: List should have at least 1 item"),
        ({"files": ENTRY["files"] * 2}, r"a file name occurs twice"),
        ({"files": [{"name": "../a", "url": "x", "sha256": "0"}]}, r"has 3 problems"),
        ({"files": [{**ENTRY["files"][0], "sha256": "0" * 64}]}, r"has a checksum but no size"),
    ],
)
def test_broken_entry_is_explained(changes, message, tmp_path):
    with pytest.raises(InputError, match=message):
        load_manifest(write(tmp_path, **changes))


def test_all_problems_are_listed_at_once(tmp_path):
    with pytest.raises(InputError, match=r"has 2 problems") as caught:
        load_manifest(write(tmp_path, organism="cow", tisue="bone"))
    assert "organism" in str(caught.value)
    assert "tisue" in str(caught.value)


def test_file_that_is_no_manifest_is_named(tmp_path):
    with pytest.raises(ResourceError, match=r"Cannot read the data manifest .*none.yaml"):
        load_manifest(tmp_path / "none.yaml")
    (tmp_path / "m.yaml").write_text("datasets: {two: [")
    with pytest.raises(ResourceError, match=r"m.yaml is not valid YAML"):
        load_manifest(tmp_path / "m.yaml")


def test_json_schema_describes_the_file_for_editors(tmp_path):
    schema = json_schema()
    entry = schema["$defs"]["Dataset"]
    assert entry["additionalProperties"] is False
    assert {"title", "organism", "licence", "reader", "files"} <= set(entry["required"])
    assert "from" in schema["$defs"]["SampleField"]["properties"]
    jsonschema = pytest.importorskip("jsonschema")
    content = yaml.safe_load(packaged("data_manifest.yaml").read_text())
    jsonschema.validate(content, schema)
    content["datasets"]["tms_bulk"]["organism"] = "cow"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)
