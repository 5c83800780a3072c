"""Formats of single-cell tools, quantifiers, GEO and R become the same AnnData."""

import gzip
import io
import shutil
import tarfile
import zipfile

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import pytest
from scipy.io import mmwrite
from scipy.sparse import csc_matrix, csr_matrix

import crosstalk_omics as cx
from crosstalk_omics.core.errors import CrosstalkWarning, InputError, ResourceError
from crosstalk_omics.datasets.readers import archives

GENES = ["ENSG00000108821", "ENSG00000118785", "ENSG00000118972", "ENSG00000167941"]
SYMBOLS = ["COL1A1", "SPP1", "FGF23", "SOST"]
CELLS = ["AAAC-1", "AAAG-1", "AAAT-1"]
VALUES = np.array([[10, 0, 3, 7], [20, 5, 0, 8], [30, 6, 1, 9]], dtype=float)  # cells x genes


def check(adata, obs=CELLS, values=VALUES, genes=GENES):
    assert list(adata.obs_names) == list(obs)
    assert list(adata.var["gene_id"]) == list(genes)
    x = adata.X.toarray() if hasattr(adata.X, "toarray") else adata.X
    np.testing.assert_array_equal(x, values)


def write_10x(folder, *, version=3, zipped=True, prefix="", values=VALUES):
    folder.mkdir(parents=True, exist_ok=True)
    end = ".gz" if zipped else ""
    write = (
        (lambda p, b: p.write_bytes(gzip.compress(b)))
        if zipped
        else (lambda p, b: p.write_bytes(b))
    )
    buffer = io.BytesIO()
    extra = np.vstack([values.T, np.ones((1, len(CELLS)))]) if version == 3 else values.T
    mmwrite(buffer, csc_matrix(extra.astype(int)))
    write(folder / f"{prefix}matrix.mtx{end}", buffer.getvalue())
    rows = [
        f"{g}\t{s}" + ("\tGene Expression" if version == 3 else "")
        for g, s in zip(GENES, SYMBOLS, strict=True)
    ]
    rows += ["CD3\tCD3\tAntibody Capture"] if version == 3 else []
    name = "features" if version == 3 else "genes"
    write(folder / f"{prefix}{name}.tsv{end}", ("\n".join(rows) + "\n").encode())
    write(folder / f"{prefix}barcodes.tsv{end}", ("\n".join(CELLS) + "\n").encode())
    return folder


@pytest.mark.parametrize(("version", "zipped"), [(3, True), (3, False), (2, False), (2, True)])
def test_10x_folder(version, zipped, tmp_path):
    adata = cx.datasets.read(write_10x(tmp_path / "run", version=version, zipped=zipped))
    check(adata)
    assert isinstance(adata.X, csr_matrix)
    assert list(adata.var["symbol"]) == SYMBOLS


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("version", [2, 3])
def test_10x_h5(version, packed, tmp_path):
    path = tmp_path / "a.h5"
    counts = csc_matrix(VALUES.T)
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix" if version == 3 else "GRCh38")
        for name in ("data", "indices", "indptr"):
            group[name] = getattr(counts, name)
        group["shape"] = counts.shape
        group["barcodes"] = np.array(CELLS, dtype="S")
        if version == 3:
            group["features/id"] = np.array(GENES, dtype="S")
            group["features/name"] = np.array(SYMBOLS, dtype="S")
            group["features/feature_type"] = np.array(["Gene Expression"] * 4, dtype="S")
        else:
            group["genes"], group["gene_names"] = (np.array(n, dtype="S") for n in (GENES, SYMBOLS))
    if packed:
        path = tmp_path / "a.h5.gz"
        path.write_bytes(gzip.compress((tmp_path / "a.h5").read_bytes()))
    adata = cx.datasets.read(path)
    check(adata)
    assert list(adata.var["symbol"]) == SYMBOLS


def test_10x_samples_of_a_tar_are_joined_over_the_union_of_genes(tmp_path):
    write_10x(tmp_path / "in", prefix="GSM1_old_")
    write_10x(tmp_path / "in", prefix="GSM2_young_", values=VALUES + 1)
    with tarfile.open(tmp_path / "GSE1_RAW.tar", "w") as archive:
        archive.add(tmp_path / "in", arcname=".")
    adata = cx.datasets.read(tmp_path / "GSE1_RAW.tar")
    names = [f"{s}_{c}" for s in ("GSM1_old", "GSM2_young") for c in CELLS]
    check(adata, names, np.vstack([VALUES, VALUES + 1]))
    assert list(adata.obs["sample"]) == ["GSM1_old"] * 3 + ["GSM2_young"] * 3


def test_10x_files_of_different_runs_are_refused(tmp_path):
    folder = write_10x(tmp_path / "run", zipped=False)
    (folder / "barcodes.tsv").write_text("AAAC-1\n")
    with pytest.raises(InputError, match=r"is 5 x 3, but there are 5 features and 1 barcodes"):
        cx.datasets.read(folder)
    (folder / "features.tsv").unlink()
    with pytest.raises(InputError, match=r"has no features or genes.tsv beside it"):
        cx.datasets.read(folder)


def test_zarr_and_loom(tmp_path):
    source = ad.AnnData(csr_matrix(VALUES), pd.DataFrame(index=CELLS), pd.DataFrame(index=GENES))
    source.write_zarr(tmp_path / "a.zarr")
    check(cx.datasets.read(tmp_path / "a.zarr"))
    with h5py.File(tmp_path / "a.loom", "w") as file:
        file["matrix"] = VALUES.T
        file["row_attrs/Accession"] = np.array(GENES, dtype="S")
        file["row_attrs/Gene"] = np.array(SYMBOLS, dtype="S")
        file["col_attrs/CellID"] = np.array(CELLS, dtype="S")
        file["col_attrs/Age"] = np.array([1, 2, 3])
    adata = cx.datasets.read(tmp_path / "a.loom")
    check(adata)
    assert list(adata.var["symbol"]) == SYMBOLS
    assert list(adata.obs["Age"]) == [1, 2, 3]


def test_star_files_and_their_strands(tmp_path):
    head = (
        "N_unmapped\t9\t9\t9\nN_multimapping\t9\t9\t9\nN_noFeature\t9\t9\t9\nN_ambiguous\t9\t9\t9\n"
    )
    for j, name in enumerate(("s1", "s2", "s3")):
        rows = [
            f"{g}\t{int(v)}\t{int(v) * 2}\t{int(v) * 3}"
            for g, v in zip(GENES, VALUES[j], strict=True)
        ]
        (tmp_path / f"{name}ReadsPerGene.out.tab").write_text(head + "\n".join(rows) + "\n")
        (tmp_path / f"{name}Log.final.out").write_text("something else")
    check(cx.datasets.read(tmp_path), ["s1", "s2", "s3"])
    check(cx.datasets.read(tmp_path, strand="reverse"), ["s1", "s2", "s3"], VALUES * 3)
    check(cx.datasets.read(tmp_path / "s1ReadsPerGene.out.tab"), ["s1"], VALUES[:1])
    with pytest.raises(InputError, match=r"strand is 'revers'. Did you mean 'reverse'"):
        cx.datasets.read(tmp_path, strand="revers")


def test_htseq_files(tmp_path):
    for j, name in enumerate(("s1", "s2", "s3")):
        rows = [f"{g}\t{int(v)}" for g, v in zip(GENES, VALUES[j], strict=True)]
        text = "\n".join([*rows, "__no_feature\t9", "__ambiguous\t9"]) + "\n"
        (tmp_path / f"{name}.htseq.counts.txt").write_text(text)
    check(cx.datasets.read(tmp_path), ["s1", "s2", "s3"])


def test_rsem_and_featurecounts_files(tmp_path):
    for j, name in enumerate(("s1", "s2", "s3")):
        rsem = pd.DataFrame(
            {
                "gene_id": GENES,
                "transcript_id(s)": "t",
                "length": 1.0,
                "effective_length": 1.0,
                "expected_count": VALUES[j],
                "TPM": 1.0,
                "FPKM": 1.0,
            }
        )
        (tmp_path / "rsem").mkdir(exist_ok=True)
        rsem.to_csv(tmp_path / "rsem" / f"{name}.genes.results", sep="\t", index=False)
        fc = pd.DataFrame(
            {
                "Geneid": GENES,
                "Chr": "1",
                "Start": 1,
                "End": 2,
                "Strand": "+",
                "Length": 9,
                f"{name}.bam": VALUES[j].astype(int),
            }
        )
        (tmp_path / "fc").mkdir(exist_ok=True)
        text = "# Program:featureCounts v2\n" + fc.to_csv(sep="\t", index=False)
        (tmp_path / "fc" / f"{name}.txt").write_text(text)
        (tmp_path / "fc" / f"{name}.txt.summary").write_text("Status\tx\nAssigned\t1\n")
    check(cx.datasets.read(tmp_path / "rsem"), ["s1", "s2", "s3"])
    check(cx.datasets.read(tmp_path / "fc"), ["s1", "s2", "s3"])


@pytest.mark.parametrize("tool", ["salmon", "kallisto"])
def test_transcripts_are_added_up_per_gene(tool, tmp_path):
    transcripts = [f"ENST{i:011d}.{i + 1}" for i in range(8)]
    for j, name in enumerate(("s1", "s2", "s3")):
        counts = np.repeat(VALUES[j], 2) * np.tile([0.25, 0.75], 4)
        (tmp_path / "q" / name).mkdir(parents=True)
        if tool == "salmon":
            table = pd.DataFrame(
                {
                    "Name": transcripts,
                    "Length": 9,
                    "EffectiveLength": 9.0,
                    "TPM": 1.0,
                    "NumReads": counts,
                }
            )
            table.to_csv(tmp_path / "q" / name / "quant.sf", sep="\t", index=False)
        else:
            table = pd.DataFrame(
                {
                    "target_id": transcripts,
                    "length": 9,
                    "eff_length": 9.0,
                    "est_counts": counts,
                    "tpm": 1.0,
                }
            )
            table.to_csv(tmp_path / "q" / name / "abundance.tsv", sep="\t", index=False)
    tx2gene = pd.DataFrame(
        {"tx": [t.split(".")[0] for t in transcripts], "gene": np.repeat(GENES, 2)}
    )
    check(cx.datasets.read(tmp_path / "q", tx2gene=tx2gene), ["s1", "s2", "s3"])
    tx2gene.to_csv(tmp_path / "t.csv", index=False)
    check(cx.datasets.read(tmp_path / "q", tx2gene=tmp_path / "t.csv"), ["s1", "s2", "s3"])
    with pytest.raises(InputError, match=rf"counts per transcript \({tool}\).*Give `tx2gene=`"):
        cx.datasets.read(tmp_path / "q")
    with pytest.raises(InputError, match=r"6 of 8 transcripts of .* are not in tx2gene"):
        cx.datasets.read(tmp_path / "q", tx2gene=tx2gene.head(2))


def test_files_with_different_genes_are_joined_with_a_warning(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.txt").write_text("TNF\t1\nIL6\t2\n")
    (tmp_path / "d" / "b.txt").write_text("TNF\t3\nKL\t4\n")
    with pytest.warns(CrosstalkWarning, match=r"2 of 6 values are absent and taken as 0"):
        adata = cx.datasets.read(tmp_path / "d")
    np.testing.assert_array_equal(adata.X, [[2, 0, 1], [0, 4, 3]])
    assert list(adata.var_names) == ["IL6", "KL", "TNF"]


SERIES = """!Series_title\t"Bones"
!Sample_title\t"old 1"\t"young 1"
!Sample_geo_accession\t"GSM1"\t"GSM2"
!Sample_source_name_ch1\t"bone"\t"bone"
!Sample_characteristics_ch1\t"age: 70"\t"age: 20"
!Sample_characteristics_ch1\t"sex: f"\t"tissue: femur"
!series_matrix_table_begin
"ID_REF"\t"GSM1"\t"GSM2"
"p1"\t2\t4
"p2"\t4\t8
"p3"\t5\t5
"p4"\t7\t7
"p5"\t1\t1
!series_matrix_table_end
"""
PLATFORM = """#ID = probe
!platform_table_begin
ID\tGene title\tGene symbol
p1\tx\tSOST
p2\tx\tSOST
p3\tx\tFGF23
p4\tx\tA///B
p5\tx\t
!platform_table_end
"""


def test_series_matrix_becomes_genes_by_its_platform(tmp_path):
    path, platform = tmp_path / "GSE1_series_matrix.txt.gz", tmp_path / "GPL1.annot.gz"
    path.write_bytes(gzip.compress(SERIES.encode()))
    platform.write_bytes(gzip.compress(PLATFORM.encode()))
    adata = cx.datasets.read(path)
    assert list(adata.var_names) == ["p1", "p2", "p3", "p4", "p5"]
    assert adata.obs.loc["GSM1"].fillna("missing").to_dict() == {
        "title": "old 1",
        "geo_accession": "GSM1",
        "source_name_ch1": "bone",
        "age": "70",
        "sex": "f",
        "tissue": "missing",
    }
    adata = cx.datasets.read(path, platform=platform)
    check(adata, ["GSM1", "GSM2"], [[5, 3], [5, 6]], ["FGF23", "SOST"])


def test_series_matrix_without_values_serves_as_sample_table(tmp_path):
    head, tail = SERIES.split('"p1"')[0], "!series_matrix_table_end\n"
    (tmp_path / "GSE1_series_matrix.txt").write_text(head + tail)
    with pytest.raises(InputError, match=r"lists samples but no values"):
        cx.datasets.read(tmp_path / "GSE1_series_matrix.txt")
    (tmp_path / "c.tsv").write_text("gene\tyoung 1\told 1\nSOST\t1\t2\nKL\t3\t4\n")
    adata = cx.datasets.read(tmp_path / "c.tsv", samples=tmp_path / "GSE1_series_matrix.txt")
    assert list(adata.obs["age"]) == ["20", "70"]


def test_series_matrix_that_is_cut_or_has_another_platform_is_refused(tmp_path):
    (tmp_path / "GSE1_series_matrix.txt").write_text(SERIES[:-40])
    with pytest.raises(InputError, match=r"no complete table"):
        cx.datasets.read(tmp_path / "GSE1_series_matrix.txt")
    (tmp_path / "GSE1_series_matrix.txt").write_text(SERIES)
    (tmp_path / "p.txt").write_text(PLATFORM.replace("p", "q"))
    with pytest.raises(InputError, match=r"No probe of the series.*own platform"):
        cx.datasets.read(tmp_path / "GSE1_series_matrix.txt", platform=tmp_path / "p.txt")
    (tmp_path / "p.txt").write_text("ID\tx\np1\ty\n")
    with pytest.raises(InputError, match=r"no column of gene symbols; its columns are: ID, x"):
        cx.datasets.read(tmp_path / "GSE1_series_matrix.txt", platform=tmp_path / "p.txt")


def test_parquet_table(tmp_path):
    frame = pd.DataFrame(VALUES.T, columns=CELLS).assign(gene=GENES)[["gene", *CELLS]]
    frame.to_parquet(tmp_path / "a.parquet")
    check(cx.datasets.read(tmp_path / "a.parquet"))


@pytest.mark.real
@pytest.mark.parametrize(
    ("dataset", "file"),
    [
        ("mouse_hypothalamus_neurons_romanov_845", "query_romanov.RData"),
        ("motrpac_rat_gastrocnemius", "TRNSCRPT_GN.rda"),
        ("mouse_bm_endosteal_stroma_250", "rnaRaw.rda"),
        ("mouse_muscle_tissue_vs_c2c12", "GPL1261_ENSEMBL.Rds"),
    ],
)
def test_r_objects_are_recognised(dataset, file, cache):
    ours, known = cx.datasets.read(cache / dataset / file), cx.datasets.load(dataset)
    assert ours.shape == known.shape
    assert abs(ours.X - known.X).max() == 0
    with pytest.raises(
        InputError, match=r"holds 3 objects: \['HSMMdata', 'pseudotime', 'truetime'\]"
    ):
        cx.datasets.read(cache / "human_myoblast_hsmm_271" / "HSMMdata.rda")


def plain_tar(path, names=("s1.txt", "s2.txt")):
    with tarfile.open(path, "w:gz") as archive:
        for i, name in enumerate(names):
            text = "".join(
                f"{g}\t{int(v)}\n" for g, v in zip(GENES, VALUES[i], strict=True)
            ).encode()
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return path


def test_tar_and_zip_of_per_sample_files(tmp_path):
    check(cx.datasets.read(plain_tar(tmp_path / "a.tar.gz")), ["s1", "s2"], VALUES[:2])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for i in range(2):
            text = "".join(f"{g}\t{int(v)}\n" for g, v in zip(GENES, VALUES[i], strict=True))
            archive.writestr(f"x/s{i + 1}.txt", text)
    check(cx.datasets.read(tmp_path / "a.zip"), ["s1", "s2"], VALUES[:2])


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/tmp/evil.txt", "a/../../evil.txt", "..\\evil.txt"]
)
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_archive_that_would_leave_its_folder_is_refused(kind, name, tmp_path):
    path = tmp_path / f"a.{kind}"
    if kind == "tar":
        plain_tar(path, ["s1.txt", name])
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("s1.txt", "TNF\t1\n")
            archive.writestr(name, "TNF\t1\n")
    with pytest.raises(InputError, match=r"evil.txt' would be written outside the folder"):
        cx.datasets.read(path)


@pytest.mark.parametrize(
    ("kind", "word"),
    [(tarfile.SYMTYPE, "a link"), (tarfile.LNKTYPE, "a link"), (tarfile.CHRTYPE, "a device")],
)
def test_archive_with_links_or_devices_is_refused(kind, word, tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        member = tarfile.TarInfo("s1.txt")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(InputError, match=rf"'s1.txt' is {word}"):
        cx.datasets.read(tmp_path / "a.tar")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("s1.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("s2.txt", "TNF\t1\n")
    with pytest.raises(InputError, match=r"'s1.txt' is a link"):
        cx.datasets.read(tmp_path / "a.zip")


def test_bombs_are_refused(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("s1.txt", bytes(80 * 1024**2))
        archive.writestr("s2.txt", b"TNF\t1\n")
    with pytest.raises(InputError, match=r"unpacks to more than 200 times its size"):
        cx.datasets.read(tmp_path / "a.zip")
    monkeypatch.setattr(archives, "_MAX_FILES", 1)
    with pytest.raises(InputError, match=r"or 1 files"):
        cx.datasets.read(plain_tar(tmp_path / "a.tar.gz", ["s1.txt", "s2.txt", "s3.txt"]))


def test_truncated_archive_and_empty_folder_are_named(tmp_path):
    path = plain_tar(tmp_path / "a.tar.gz")
    path.write_bytes(path.read_bytes()[:80])
    with pytest.raises(ResourceError, match=r"Cannot read .*a.tar.gz"):
        cx.datasets.read(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"has no expression files that are known"):
        cx.datasets.read(tmp_path / "empty")
    shutil.copy(path, tmp_path / "b.h5")
    with pytest.raises(ResourceError, match=r"Cannot read .*b.h5"):
        cx.datasets.read(tmp_path / "b.h5")
