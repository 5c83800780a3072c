"""The shapes in which count tables come, and what each must become."""

import gzip
import zipfile
from importlib import import_module

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import crosstalk_omics as cx
from crosstalk_omics.core.errors import CrosstalkWarning, InputError, ResourceError

GENES = ["COL1A1", "SPP1", "FGF23", "SOST"]
SAMPLES = ["s1", "s2", "s3"]
VALUES = np.array([[10, 0, 3, 7], [20, 5, 0, 8], [30, 6, 1, 9]], dtype=float)  # samples x genes
ENSEMBL = ["ENSG00000108821", "ENSG00000118785", "ENSG00000118972", "ENSG00000167941"]


def rows(ids, *, sep="\t", first="gene", samples=SAMPLES, number=str):
    """The plain shape: genes in rows."""
    lines = [sep.join([first, *samples])]
    lines += [sep.join([g, *(number(int(v)) for v in VALUES[:, i])]) for i, g in enumerate(ids)]
    return "\n".join(lines) + "\n"


def columns(ids, *, sep=","):
    """Samples in rows."""
    lines = [sep.join(["sample", *ids])]
    lines += [
        sep.join([s, *(str(int(v)) for v in row)]) for s, row in zip(SAMPLES, VALUES, strict=True)
    ]
    return "\n".join(lines) + "\n"


def wide(before: dict, after: dict | None = None, *, sep="\t", ids=GENES):
    """Extra columns before and after the samples."""
    frame = pd.DataFrame({**before, **{s: VALUES[j].astype(int) for j, s in enumerate(SAMPLES)}})
    return frame.assign(**(after or {})).to_csv(sep=sep, index=False)


PLACE = {
    "Chr": "chr1",
    "Start": [1, 2, 3, 4],
    "End": [5, 6, 7, 8],
    "Strand": "+",
    "Length": [9] * 4,
}
STATS = {"baseMean": [1.5] * 4, "log2FoldChange": [0.1] * 4, "padj": [0.5] * 4}

# name -> (file name, text, what the identifiers must be)
SHAPES = {
    "tsv with a gene column": ("a.tsv", rows(GENES), GENES),
    "csv": ("a.csv", rows(GENES, sep=","), GENES),
    "txt with semicolons": ("a.txt", rows(GENES, sep=";"), GENES),
    "tabs in a file named csv": ("a.csv", rows(GENES), GENES),
    "commas in a file named tsv": ("a.tsv", rows(GENES, sep=","), GENES),
    "blanks between fields": ("a.txt", rows(GENES, sep="   "), GENES),
    "no name over the identifiers": ("a.csv", rows(GENES, sep=",", first=""), GENES),
    "quoted by R": ("a.csv", rows([f'"{g}"' for g in GENES], sep=",", first='""'), GENES),
    "R header one field short": ("a.txt", rows(GENES).removeprefix("gene\t"), GENES),
    "samples in rows": ("a.csv", columns(GENES), GENES),
    "samples in rows, Ensembl": ("a.csv", columns(ENSEMBL), ENSEMBL),
    "Ensembl with version": (
        "a.tsv",
        rows([f"{e}.7" for e in ENSEMBL]),
        [f"{e}.7" for e in ENSEMBL],
    ),
    "Entrez numbers": (
        "a.tsv",
        rows(["1277", "6696", "8074", "50964"], first="GeneID"),
        ["1277", "6696", "8074", "50964"],
    ),
    "Entrez without a header": (
        "a.tsv",
        rows(["1277", "6696", "8074", "50964"], first=""),
        ["1277", "6696", "8074", "50964"],
    ),
    "symbol before Ensembl": ("a.tsv", wide({"gene_name": GENES, "gene_id": ENSEMBL}), ENSEMBL),
    "Ensembl, symbol, description": (
        "a.csv",
        wide({"gene_id": ENSEMBL, "gene_name": GENES, "description": "a, b"}, sep=","),
        ENSEMBL,
    ),
    "Ensembl and numeric Entrez": (
        "a.tsv",
        wide({"id": ENSEMBL, "entrezgene": [1, 2, 3, 4]}),
        ENSEMBL,
    ),
    "positions and length": ("a.tsv", wide({"Geneid": GENES, **PLACE}), GENES),
    "featureCounts comment and paths": (
        "counts.txt",
        "# Program:featureCounts v2.0.1; Command:x\n"
        + wide({"Geneid": GENES, **PLACE}).replace(
            "s1\ts2\ts3", "/x/s1.bam\t/x/s2.sorted.bam\ts3.Aligned.sortedByCoord.out.bam"
        ),
        GENES,
    ),
    "DESeq2 results behind the counts": ("a.csv", wide({"gene": GENES}, STATS, sep=","), GENES),
    "decimal commas": ("a.csv", rows(GENES, sep=";", number=lambda v: f"{v},0"), GENES),
    "byte order mark": ("a.csv", "\ufeff" + rows(GENES, sep=","), GENES),
    "title lines before the header": ("a.tsv", "Table S1. Counts\n\n" + rows(GENES), GENES),
    "Windows line ends": ("a.tsv", rows(GENES).replace("\n", "\r\n"), GENES),
    "old Mac line ends": ("a.tsv", rows(GENES).replace("\n", "\r"), GENES),
    "separator at the end of lines": ("a.tsv", rows(GENES).replace("\n", "\t\n"), GENES),
    "blank lines at the end": ("a.tsv", rows(GENES) + "\n\n\t\n".replace("\t", ""), GENES),
    "a total row": ("a.tsv", rows(GENES) + "Total\t20\t33\t46\n", GENES),
    "HTSeq tail": ("a.tsv", rows(GENES) + "__no_feature\t1\t2\t3\n__ambiguous\t1\t2\t3\n", GENES),
    "STAR head": ("a.tsv", rows(["N_unmapped", *GENES][1:]), GENES),
    "commented header": ("a.tsv", "#" + rows(GENES), GENES),
    "only one sample-like gene": (
        "a.tsv",
        rows(["S100A1", "S100B", "S1PR1", "SRR1"]),
        ["S100A1", "S100B", "S1PR1", "SRR1"],
    ),
}


def check(adata, ids=GENES, samples=SAMPLES):
    assert list(adata.var["gene_id"]) == list(ids)
    assert list(adata.obs_names) == list(samples)
    np.testing.assert_array_equal(adata.X, VALUES)


@pytest.mark.parametrize("name", SHAPES)
def test_messy_table_becomes_samples_by_genes(name, tmp_path):
    file, text, ids = SHAPES[name]
    (tmp_path / file).write_bytes(text.encode())
    check(cx.datasets.read(tmp_path / file), ids)


def test_utf16_gz_zip_and_xlsx_hold_the_same_table(tmp_path):
    (tmp_path / "a.txt").write_bytes(rows(GENES).encode("utf-16"))
    check(cx.datasets.read(tmp_path / "a.txt"))
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(rows(GENES).encode()))
    check(cx.datasets.read(tmp_path / "a.tsv.gz"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/a.tsv", rows(GENES))
        archive.writestr("__MACOSX/x/._a.tsv", "junk")
    check(cx.datasets.read(tmp_path / "a.zip"))
    frame = pd.DataFrame(VALUES.T, index=GENES, columns=SAMPLES)
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        pd.DataFrame({"note": ["read me"]}).to_excel(book, sheet_name="about", index=False)
        frame.to_excel(book, sheet_name="counts", startrow=2)
    check(cx.datasets.read(tmp_path / "a.xlsx"))
    check(cx.datasets.read(tmp_path / "a.xlsx", sheet="counts"))
    with pytest.raises(InputError, match=r"no sheet 'x'; it has: about, counts"):
        cx.datasets.read(tmp_path / "a.xlsx", sheet="x")


def test_symbols_of_a_second_column_are_kept(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text(wide({"gene_id": ENSEMBL, "gene_name": GENES}))
    adata = cx.datasets.read(path)
    assert list(adata.var["symbol"]) == GENES
    adata = cx.datasets.read(path, gene_column="gene_name")
    assert list(adata.var_names) == GENES


def test_missing_cells_are_missing_and_repeated_genes_are_kept(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("gene\ts1\ts2\nTNF\tNA\t1\nTNF\t2\t\n")
    adata = cx.datasets.read(path)
    np.testing.assert_array_equal(adata.X, [[np.nan, 2], [1, np.nan]])
    assert list(adata.var["gene_id"]) == ["TNF", "TNF"]
    assert adata.var_names.is_unique


def test_names_that_a_spreadsheet_turned_into_dates_are_told(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("gene\ts1\ts2\n2-Sep\t1\t2\n1-Mar\t1\t2\nTNF\t1\t2\nIL6\t3\t4\n")
    with pytest.warns(CrosstalkWarning, match=r"2 gene names were turned into dates .*'2-Sep'"):
        cx.datasets.read(path)


@pytest.mark.parametrize("shape", ["genes in rows", "genes in columns", "short header"])
def test_large_text_is_read_in_blocks(shape, tmp_path, monkeypatch):
    large = import_module("crosstalk_omics.datasets.readers.large")
    monkeypatch.setattr(large, "_LARGE", 10)
    monkeypatch.setattr(large, "_CELLS", 8)
    text = columns(GENES, sep="\t") if shape == "genes in columns" else rows(GENES)
    text = text.removeprefix("gene\t") if shape == "short header" else text
    (tmp_path / "a.tsv").write_text(text)
    adata = cx.datasets.read(tmp_path / "a.tsv")
    assert list(adata.obs_names) == SAMPLES
    assert list(adata.var["gene_id"]) == GENES
    np.testing.assert_array_equal(adata.X.toarray(), VALUES)


def test_commas_are_thousands_only_where_every_cell_allows_it(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("gene\ts1\ts2\nTNF\t1,234\t1,234\nIL6\t12,345,678\t0,5\nKL\t7\t2\n")
    adata = cx.datasets.read(path)
    np.testing.assert_array_equal(adata.X, [[1234, 12345678, 7], [1.234, 0.5, 2]])


def test_columns_choose_counts_beside_fpkm(tmp_path):
    path = tmp_path / "a.tsv"
    frame = pd.DataFrame({"gene": GENES})
    for j, s in enumerate(SAMPLES):
        frame[f"{s}_count"], frame[f"{s}_FPKM"] = VALUES[j].astype(int), 0.5
    frame.to_csv(path, sep="\t", index=False)
    check(cx.datasets.read(path, columns="^(.*)_count$"))


def test_sample_table_is_joined_by_the_column_that_fits(tmp_path):
    (tmp_path / "a.tsv").write_text(rows(GENES))
    (tmp_path / "s.csv").write_text("n,id,group\n1,s3,old\n2,s1,young\n3,s2,NA\n")
    adata = cx.datasets.read(tmp_path / "a.tsv", samples=tmp_path / "s.csv")
    check(adata)
    assert list(adata.obs["group"].fillna("missing")) == ["young", "missing", "old"]
    frame = pd.DataFrame({"group": ["y", "o", "o"]}, index=SAMPLES)
    adata = cx.datasets.read(tmp_path / "a.tsv", samples=frame)
    assert list(adata.obs["group"]) == ["y", "o", "o"]


def test_sample_table_settles_the_orientation(tmp_path):
    (tmp_path / "a.csv").write_text("x,IL6,TNF\nKL,1,2\nGH1,3,4\n")  # samples named like genes
    frame = pd.DataFrame({"id": ["KL", "GH1"]})
    adata = cx.datasets.read(tmp_path / "a.csv", samples=frame)
    assert list(adata.obs_names) == ["KL", "GH1"]
    assert list(adata.var_names) == ["IL6", "TNF"]


def test_names_that_r_changed_are_recognised(tmp_path):
    (tmp_path / "a.tsv").write_text(rows(GENES, samples=["X1.a", "X2.a", "ctrl.3"]))
    frame = pd.DataFrame({"id": ["1-a", "2-a", "ctrl 3"], "group": list("xyz")})
    adata = cx.datasets.read(tmp_path / "a.tsv", samples=frame)
    assert list(adata.obs["group"]) == list("xyz")


def test_sample_table_that_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text(rows(GENES))
    with pytest.raises(InputError, match=r"1 of 3 samples of a.tsv are not in the sample table"):
        cx.datasets.read(path, samples=pd.DataFrame({"id": ["s1", "s2"]}))
    with pytest.raises(InputError, match=r"'s1' more than once"):
        cx.datasets.read(path, samples=pd.DataFrame({"id": ["s1", "s1", "s2", "s3"]}))
    with pytest.raises(InputError, match=r"has no column 'idd'. Did you mean 'id'"):
        cx.datasets.read(path, samples=pd.DataFrame({"id": SAMPLES}), sample_column="idd")
    with pytest.warns(CrosstalkWarning, match=r"1 rows of the sample table have no data"):
        cx.datasets.read(path, samples=pd.DataFrame({"id": [*SAMPLES, "s4"]}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene\ts1\ts2\nTNF\t1\t2\nIL6\t3\n", "data line 2 has 2 fields, expected 3"),
        (
            "gene\ts1\ts2\nTNF\t1\t2\nIL6\tx\t2\nA1\t1\t1\nB1\t1\t1\nC1\t1\t1\nD1\t1\t1\n",
            "first 'x' in data line 2",
        ),
        ("gene\tnote\nTNF\tx\nIL6\ty\n", "no column of numbers"),
        ("gene\ts1\ts1\nTNF\t1\t2\nIL6\t1\t2\n", "several columns named 's1'"),
        ("gene\ts1\n", "expected a header and data"),
        ("", "expected a header and data"),
        ("<!DOCTYPE html>\n<html>a,b\n1,2\n</html>", "is a web page, not a table"),
    ],
)
def test_table_that_cannot_be_understood_is_refused(text, message, tmp_path):
    (tmp_path / "a.tsv").write_text(text)
    with pytest.raises(InputError, match=message):
        cx.datasets.read(tmp_path / "a.tsv")


def test_h5ad_is_read_as_it_is(tmp_path):
    adata = ad.AnnData(VALUES, pd.DataFrame(index=SAMPLES), pd.DataFrame(index=GENES))
    adata.write_h5ad(tmp_path / "a.h5ad")
    found = cx.datasets.read(
        tmp_path / "a.h5ad", samples=pd.DataFrame({"g": list("xyz")}, index=SAMPLES)
    )
    check(found)
    assert list(found.obs["g"]) == list("xyz")
    assert found.uns["crosstalk"]["dataset"] == "a.h5ad"
    assert list(found.uns["crosstalk"]["files"]) == ["a.h5ad"]


def test_unreadable_files_name_themselves(tmp_path):
    with pytest.raises(ResourceError, match=r"There is no file"):
        cx.datasets.read(tmp_path / "none.tsv")
    adata = ad.AnnData(VALUES, pd.DataFrame(index=SAMPLES), pd.DataFrame(index=GENES))
    adata.write_h5ad(tmp_path / "a.h5ad")
    whole = (tmp_path / "a.h5ad").read_bytes()
    (tmp_path / "a.h5ad").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ResourceError, match=r"Cannot read .*a.h5ad.* It may be truncated"):
        cx.datasets.read(tmp_path / "a.h5ad")
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(rows(GENES).encode() * 50)[:60])
    with pytest.raises(ResourceError, match=r"Cannot read .*a.tsv.gz.* It may be truncated"):
        cx.datasets.read(tmp_path / "a.tsv.gz")
    (tmp_path / "a.xlsx").write_text("no book")
    with pytest.raises(InputError, match=r"is no xlsx file"):
        cx.datasets.read(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match=r"genes_in is 'row'. Did you mean 'rows'"):
        cx.datasets.read(tmp_path / "a.tsv.gz", genes_in="row")
