"""Public sets that are not in the cache, read from small files of the same form."""

import gzip
import hashlib

import numpy as np
import pandas as pd
import pytest
import yaml
from openpyxl import Workbook

import crosstalk_omics as cx
from crosstalk_omics.core.errors import CrosstalkWarning, InputError
from crosstalk_omics.core.resources import packaged
from crosstalk_omics.datasets import manifest


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Put small files where the cache would have those of a data set."""
    monkeypatch.setenv("CROSSTALK_CACHE", str(tmp_path))

    def put(dataset, files):
        for name, text in files.items():
            path = tmp_path / dataset / name
            path.parent.mkdir(exist_ok=True)
            data = text if isinstance(text, bytes) else text.encode()
            path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    put.folder = tmp_path
    return put


COUNTS = "GSE132040_190214_A00111_0269_AHH3J3DSXX_190214_A00111_0270_BHHMFWDSXX.csv.gz"
TMS = {
    COUNTS: (
        "gene,A1_384Bulk_Plate1_S1.gencode.vM19,B2_384Bulk_Plate1_S26.gencode.vM19,"
        "C3_384Bulk_Plate3_S51.gencode.vM19,D4_384Bulk_Plate3_S76.gencode.vM19\n"
        "Sost,90,0,1,0\nMstn,0,40,2,0\nGhrh,0,1,30,0\n__no_feature,5,5,5,5\n__not_aligned,7,7,7,7\n"
    ),
    "GSE132040_MACA_Bulk_metadata.csv.gz": (
        "Sample name,title,source name,organism,characteristics: age,"
        "characteristics: developmental stage,characteristics: sex,molecule,description,"
        "processed data file,raw file,BioSample,Instrument Model\n"
        "A1_384Bulk_Plate1_S1,Bulk 1,Bone_12,Mus musculus,3,x,m,RNA,,p,SRR1,b,i\n"
        "B2_384Bulk_Plate1_S26,Bulk 2,Limb_Muscle_12,Mus musculus,3,x,m,RNA,,p,SRR2,b,i\n"
        "C3_384Bulk_Plate3_S51,Bulk 3,Brain_7,Mus musculus,24,x,f,RNA,,p,SRR3,b,i\n"
        "D4_384Bulk_Plate3_S76,Bulk 4,NA_5,Mus musculus,NA,x,NA,RNA,,p,SRR4,b,i\n"
    ),
}


def test_mouse_ageing_atlas_in_bulk(place):
    place("tms_bulk", TMS)
    adata = cx.datasets.load("tms_bulk")
    assert list(adata.var["gene_id"]) == ["Sost", "Mstn", "Ghrh"]
    assert list(adata.obs_names[:2]) == ["A1_384Bulk_Plate1_S1", "B2_384Bulk_Plate1_S26"]
    np.testing.assert_array_equal(adata.X[:3], [[90, 0, 0], [0, 40, 1], [1, 2, 30]])
    obs = adata.obs
    assert list(obs["tissue"]) == ["bone", "skeletal muscle", "brain", "unknown"]
    assert list(obs["donor"][:3]) == ["12", "12", "7"]
    assert list(obs["age"][:3]) == ["3", "3", "24"]
    assert obs["age"].isna().tolist() == [False, False, False, True]
    assert list(obs["sex"][:3]) == ["m", "m", "f"]
    assert adata.uns["crosstalk"]["replicates"] == "donor"
    digest = adata.uns["crosstalk"]["files"][COUNTS]
    assert (
        digest == hashlib.sha256(gzip.compress(TMS[COUNTS].encode())).hexdigest()
        or len(digest) == 64
    )
    assert list(cx.datasets.check("tms_bulk")["status"]) == ["ok", "ok"]


def test_sample_without_annotation_is_kept_with_a_warning(place):
    sheet = TMS["GSE132040_MACA_Bulk_metadata.csv.gz"].replace("D4_384", "E5_384")
    place("tms_bulk", {**TMS, "GSE132040_MACA_Bulk_metadata.csv.gz": sheet})
    with pytest.warns(
        CrosstalkWarning, match=r"1 of 4 samples are not in .*first 5: \['D4_384Bulk"
    ):
        adata = cx.datasets.load("tms_bulk")
    assert adata.n_obs == 4
    sheet = sheet.replace("_384Bulk", "_999Bulk")
    place("tms_bulk", {"GSE132040_MACA_Bulk_metadata.csv.gz": sheet})
    (place.folder / "tms_bulk/GSE132040_MACA_Bulk_metadata.csv.gz.sha256").unlink()
    with pytest.raises(InputError, match=r"4 of 4 samples are not in"):
        cx.datasets.load("tms_bulk")


def test_gtex_tissue_is_one_part_and_needs_only_its_file(place):
    text = "#1.2\n2\t2\nid\tName\tDescription\tGTEX-1117F-0426-SM-5EGHI\tGTEX-111CU-1826-SM-5GZYN\n"
    text += "0\tENSG00000223972.5\tDDX11L1\t0\t1\n1\tENSG00000227232.5\tWASH7P\t187\t109\n"
    place("gtex_v8", {"gene_reads_2017-06-05_v8_muscle_skeletal.gct.gz": text})
    adata = cx.datasets.load("gtex_v8", part="muscle_skeletal")
    assert list(adata.var["gene_id"]) == ["ENSG00000223972.5", "ENSG00000227232.5"]
    assert list(adata.var["symbol"]) == ["DDX11L1", "WASH7P"]
    assert list(adata.obs["donor"]) == ["GTEX-1117F", "GTEX-111CU"]
    np.testing.assert_array_equal(adata.X, [[0, 187], [1, 109]])


def test_labelled_hypothalamus(place):
    counts = "Gene\tB1_AAA\tB1_CCC\nOxt\t3\t0\nAvp\t0\t2\n"
    labels = ",Cell_ID_temp,SVM_clusterID\n1,B1_CCC,Micro\n2,B1_AAA,SIM1\n"
    place(
        "gse87544_mouse_hypothalamus_labelled",
        {
            "GSE87544_Merged_17samples_14437cells_count.txt.gz": counts,
            "GSE87544_1443737Cells.SVM.cluster.identity.renamed.csv.gz": labels,
        },
    )
    adata = cx.datasets.load("gse87544_mouse_hypothalamus_labelled")
    assert list(adata.obs["cell_type"]) == ["SIM1", "Micro"]
    assert list(adata.obs_names) == ["B1_AAA", "B1_CCC"]
    np.testing.assert_array_equal(adata.X.toarray(), [[0, 3], [2, 0]])
    assert list(adata.var_names) == ["Avp", "Oxt"]


def test_cells_of_a_text_matrix_with_a_short_header(place):
    name = "GSE143437_DeMicheli_MuSCatlas_"
    place(
        "gse143437_mouse_muscle_regeneration_cells",
        {
            f"{name}rawdata.txt.gz": "D0_A_1\tD0_A_2\nMstn\t1\t0\nPax7\t0\t5\n",
            f"{name}metadata.txt.gz": (
                "sampleID\tcell_annotation\nD0_A_1\tD0_A\tFAPs\nD0_A_2\tD0_A\tMuSCs\n"
            ),
        },
    )
    adata = cx.datasets.load("gse143437_mouse_muscle_regeneration_cells")
    np.testing.assert_array_equal(adata.X.toarray(), [[1, 0], [0, 5]])
    assert list(adata.obs["cell_annotation"]) == ["FAPs", "MuSCs"]


def test_array_series_becomes_genes_by_its_platform(place):
    series = (
        '!Sample_title\t"a"\t"b"\n!Sample_geo_accession\t"GSM1"\t"GSM2"\n'
        '!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n"1_at"\t1\t2\n!series_matrix_table_end\n'
    )
    place(
        "gse35958_human_osteoporosis_msc",
        {
            "GSE35958_series_matrix.txt.gz": series,
            "GPL570.annot.gz": (
                "^Annotation\n!x\n#ID = y\n!platform_table_begin\nID\tGene symbol\n1_at\tSOST\n"
            ),
        },
    )
    adata = cx.datasets.load("gse35958_human_osteoporosis_msc")
    assert list(adata.var_names) == ["SOST"]
    assert list(adata.obs["title"]) == ["a", "b"]


def test_workbook_with_a_sheet_per_group(place, tmp_path):
    book = Workbook()
    for title, names in (("Normal", ["N1", "N2"]), ("OA", ["O1", "O2"])):
        sheet = book.create_sheet(title)
        for row in (["symbol", *names], ["COL2A1", 1, 2], ["MMP13", 3, 4]):
            sheet.append(row)
    del book["Sheet"]
    (tmp_path / "gse114007_human_oa_cartilage").mkdir()
    book.save(tmp_path / "gse114007_human_oa_cartilage" / "GSE114007_raw_counts.xlsx")
    for part, names in (("normal", ["N1", "N2"]), ("oa", ["O1", "O2"])):
        adata = cx.datasets.load("gse114007_human_oa_cartilage", part=part)
        assert list(adata.obs_names) == names
        assert list(adata.var_names) == ["COL2A1", "MMP13"]


def test_every_reader_with_its_options_is_named_in_the_manifest():
    content = yaml.safe_load(packaged("data_manifest.yaml").read_text())["datasets"]
    assert {entry["reader"] for entry in content.values()} == {
        "auto", "count_files", "dge", "fragpipe", "geo", "gmt", "h5ad", "matrix",
        "parquet", "r_expression_set", "r_frame", "r_matrix", "r_records", "r_seurat", "table",
    }  # fmt: skip
    assert set(manifest.load_manifest()) == set(content)


def test_table_text_stays_text(place, monkeypatch):
    frame = pd.DataFrame({"gene": ["NA", "1-Mar", ""]})
    place("x", {"t.tsv": frame.to_csv(sep="\t", index=False)})
    from crosstalk_omics.datasets.readers import READERS

    path = place.folder / "x" / "t.tsv"
    found = READERS["table"]({"t.tsv": path})
    assert list(found["gene"].fillna("missing")) == ["NA", "1-Mar", "missing"]
