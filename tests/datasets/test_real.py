"""Every data set of the cache loads and equals its independently made table."""

import functools
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import crosstalk_omics as cx
from crosstalk_omics.datasets.readers import r_data

pytestmark = pytest.mark.real

# id -> (table, number of identifier columns before the samples, tolerance of the table's rounding)
MATRICES = {
    "gse184951_human_vastus_lateralis_dm1_cycling": ("counts", 2, 0),
    "gse140261_human_fshd_muscle": ("counts", 1, 0),
    "osd103_mouse_quadriceps_spaceflight": ("counts", 1, 0),
    "human_muscle_fibre_slow_fast_proteome": ("log2", 1, 1e-5),
    "human_nemaline_myopathy_fibre_proteome": ("log2", 1, 1e-5),
    "human_myotube_t2d_compendium": ("expression", 1, 1e-6),
    "mouse_muscle_tissue_vs_c2c12": ("expression", 1, 1e-5),
    "human_osteoblast_huvec_coculture": ("counts", 1, 0),
    "human_osteoblast_coculture_proteome": ("log2", 1, 0),
    "human_huvec_coculture_proteome": ("log2", 1, 0),
    "human_osteoblast_msc_secretome": ("maxlfq", 6, 0),
    "human_osteoblast_proteome": ("maxlfq", 2, 0),
    "gse176086_human_msc_osteogenesis_tnf": ("expression", 1, 0),
    "motrpac_rat_gastrocnemius": ("counts", 1, 0),
    "motrpac_rat_vastus_lateralis": ("counts", 1, 0),
    "motrpac_rat_white_adipose": ("counts", 1, 0),
    "mouse_hypothalamus_puberty": ("counts", 1, 0),
    "gtex_recount_tissue_means": ("gtex", 1, 5e-4),
}


def same_text(ours: pd.Series, theirs: pd.Series) -> None:
    """Equal as text; numbers equal as numbers; missing equal to empty."""
    left, right = (
        s.astype(object).where(s.notna(), "").astype(str).to_numpy() for s in (ours, theirs)
    )
    numbers = [pd.to_numeric(pd.Series(v), errors="coerce").to_numpy() for v in (left, right)]
    close = np.isclose(numbers[0], numbers[1], rtol=1e-9, atol=0)
    wrong = (left != right) & ~close
    assert not wrong.any(), (ours.name, left[wrong][:5], right[wrong][:5])


def bulk(shared: Path, name: str, suffix: str) -> pd.DataFrame:
    file = f"{name}.tsv.gz" if suffix == "gtex" else f"{name}.{suffix}.tsv.gz"
    return pd.read_csv(shared / "data/bulk" / file, sep="\t", keep_default_na=False, na_values=[""])


@pytest.mark.parametrize("name", MATRICES)
def test_expression_equals_table(name, cache, shared):
    suffix, n_ids, tolerance = MATRICES[name]
    adata = cx.datasets.load(name)
    table = bulk(shared, name, suffix)
    assert list(adata.var["gene_id"]) == list(table.iloc[:, 0].astype(str))
    assert list(adata.obs_names) == list(table.columns[n_ids:].astype(str))
    values = table.iloc[:, n_ids:].to_numpy(dtype=np.float64).T
    found = np.nan_to_num(adata.X) if suffix == "maxlfq" else adata.X
    np.testing.assert_allclose(found, values, rtol=1e-12, atol=tolerance)
    assert adata.var_names.is_unique


@pytest.mark.parametrize("name", [n for n in MATRICES if MATRICES[n][0] != "gtex"])
def test_samples_equal_table(name, cache, shared):
    obs = cx.datasets.load(name).obs
    table = pd.read_csv(
        shared / "data/bulk" / f"{name}.samples.tsv", sep="\t", dtype=str, index_col=0
    )
    table = table.set_axis(table.index.astype(str)).loc[obs.index]
    for column in table.columns:
        if name == "motrpac_rat_white_adipose" and column == "labelid":
            continue  # integer64 of R: no number that means anything
        same_text(obs[column], table[column])


def test_every_cached_file_has_its_checksum_and_fetch_writes_nothing(cache):
    before = {p: p.stat().st_mtime_ns for p in cache.rglob("*")}
    status = cx.datasets.check().groupby("dataset")["status"].agg(set)
    known = {n for n in status.index if (cache / n).is_dir()}
    assert len(known) >= 57
    for name in known:
        if status[name] == {"ok"}:
            cx.datasets.fetch(name)
    assert all(
        status[n] == {"ok"} for n in known if cx.datasets.info(n)["files"][0]["sha256"] != "unknown"
    )
    assert {p: p.stat().st_mtime_ns for p in cache.rglob("*")} == before


def test_proteome_without_a_signal_is_missing_not_zero(cache, shared):
    adata = cx.datasets.load("human_osteoblast_msc_secretome")
    assert not (adata.X == 0).any()
    assert np.isnan(adata.X).mean() == pytest.approx(
        (bulk(shared, "human_osteoblast_msc_secretome", "maxlfq").iloc[:, 6:] == 0).mean().mean()
    )


@pytest.mark.parametrize(
    "name",
    [
        "mca_mouse_celltype_pseudobulk",
        "mouse_bm_endosteal_stroma_250",
        "mouse_hypothalamus_neurons_romanov_845",
        "human_myoblast_hsmm_271",
    ],
)
def test_single_cell_equals_h5ad(name, cache, shared):
    ours, theirs = cx.datasets.load(name), ad.read_h5ad(shared / "data/sc" / f"{name}.h5ad")
    assert list(ours.var["gene_id"]) == list(theirs.var_names)
    assert list(ours.obs_names) == list(theirs.obs_names)
    difference = ours.X - theirs.X
    assert abs(difference).max() <= (1e-6 if name == "human_myoblast_hsmm_271" else 0)
    for column in theirs.obs.columns.intersection(ours.obs.columns):
        same_text(ours.obs[column], theirs.obs[column])


@pytest.mark.parametrize("day", ["d0", "d2", "d5", "d7"])
def test_regeneration_means_equal_table(day, cache, shared):
    name = "gse143435_mouse_muscle_regeneration"
    adata = cx.datasets.load(name, part=day)
    table = pd.read_csv(
        shared / f"data/sc/{name}_{day}_celltype_means.tsv.gz", sep="\t", index_col=0
    )
    assert list(adata.obs["cell_type"]) == list(table.columns)
    assert list(adata.var_names) == list(table.index)
    np.testing.assert_allclose(adata.X, table.to_numpy().T, atol=1e-5)


def test_parts_of_one_r_file_are_parsed_once_and_stay_apart(cache):
    r_data._parsed_once.cache_clear()
    first = cx.datasets.load("cellchatdb_mouse", part="complex")
    first.iloc[:, :] = None
    again = cx.datasets.load("cellchatdb_mouse", part="complex")
    assert again.notna().any().all()
    cx.datasets.load("cellchatdb_mouse", part="cofactor")
    assert r_data._parsed_once.cache_info().misses == 1
    means = cx.datasets.load("gtex_recount_tissue_means")
    means.X[:] = -1
    assert (cx.datasets.load("gtex_recount_tissue_means").X >= 0).all()


@pytest.mark.slow
def test_chen_2017_has_the_stated_shape_and_groups(cache):
    adata = cx.datasets.load("mouse_hypothalamus_chen2017")
    assert adata.shape == (11370, 19577)
    assert adata.obs["condition"].value_counts().to_dict() == {"food_deprived": 6246, "fed": 5124}
    assert adata.obs["library"].nunique() == 17
    assert (adata.obs["n_genes"] >= 800).all()
    assert adata.X.dtype == np.float32
    np.testing.assert_array_equal(np.asarray(adata.X.sum(axis=1)).ravel(), adata.obs["n_umi"])


TABLES = {
    ("hgnc_complete_set_2018_11", None): "annot/hgnc_complete_set_2018-11.tsv.gz",
    ("mgi_hgnc_homologene_2018_11", None): "annot/mgi_hgnc_homologene_2018-11.tsv.gz",
    ("ensembl_orthologs_human_mouse", None): "annot/ensembl_orthologs_human_mouse.tsv.gz",
    ("ensembl_orthologs_human_rat", None): "annot/ensembl_orthologs_human_rat.tsv.gz",
    ("ncbi_gene_info_human", None): "annot/ncbi_gene_info_human.tsv.gz",
    ("ncbi_gene_info_mouse", None): "annot/ncbi_gene_info_mouse.tsv.gz",
    ("mebocost_human_mouse_homology", None): "annot/mebocost_human_mouse_homology.csv",
    ("metamex_human_sample_metadata", None): "annot/metamex_human_sample_metadata.tsv.gz",
    ("metamex_mouse_sample_metadata", None): "annot/metamex_mouse_sample_metadata.tsv.gz",
    ("bonecelltype_marker_database", None): "annot/bonecelltype_marker_database.tsv.gz",
    ("dorothea_hs_abc", None): "annot/dorothea_hs_ABC.tsv.gz",
    ("dorothea_mm_abc", None): "annot/dorothea_mm_ABC.tsv.gz",
    ("progeny_mouse_top500", None): "annot/progeny_mouse_top500.tsv.gz",
    ("skeletalvis_accessions", None): "annot/skeletalvis_accessions.tsv",
    ("liana_omni_resource_csv_gz", None): "lr/liana_omni_resource.csv.gz",
    ("celltalkdb_human_lr_pair", None): "lr/celltalkdb_human_lr_pair.tsv.gz",
    ("celltalkdb_mouse_lr_pair", None): "lr/celltalkdb_mouse_lr_pair.tsv.gz",
    ("connectomedb2020_lrc2a", None): "lr/connectomedb2020_lrc2a.txt",
    ("connectomedb2020_lrc2p", None): "lr/connectomedb2020_lrc2p.csv",
    ("mebocost_human_metabolite_gene_reaction", None): (
        "lr/mebocost_human_metabolite_gene_reaction.tsv.gz"
    ),
    ("mebocost_human_metabolite_sensor", None): "lr/mebocost_human_metabolite_sensor.tsv",
    ("mebocost_mouse_metabolite_sensor", None): "lr/mebocost_mouse_metabolite_sensor.tsv",
    ("neuronchat_human", None): "lr/neuronchat_human.tsv",
    ("neuronchat_mouse", None): "lr/neuronchat_mouse.tsv",
    ("rnamagnet_mouse_ligand_receptor_v3", None): "lr/rnamagnet_mouse_ligand_receptor_v3.tsv.gz",
    ("motrpac_rat_plasma_analytes", None): "bulk/motrpac_rat_plasma_analytes.tsv",
    ("motrpac_rat_phenotypes", None): "bulk/motrpac_rat_phenotypes.tsv",
    **{
        (f"cellchatdb_{o}", part): f"lr/cellchatdb_{o}_{part}.tsv.gz"
        for o in ("human", "mouse")
        for part in ("interaction", "complex", "cofactor", "geneinfo")
    },
    **{
        ("cellphonedb_v5", part): f"lr/cellphonedb_v5_{part}_input.csv"
        for part in ("interaction", "complex", "gene", "protein", "transcription_factor")
    },
}


def _without_ties(table: pd.DataFrame) -> pd.DataFrame:
    """Genes of one probe set tie, and the 500th place of a pathway is then any of them."""
    p = table["p.value"].astype(float)
    last = p.groupby(table["pathway"]).transform("max")
    return table[p < last].sort_values(["pathway", "gene"], ignore_index=True)


SLOW = ("dorothea", "ncbi", "cellchatdb", "bonecelltype")  # half a million R strings or more
SLOWLY = [
    pytest.param(*key, marks=pytest.mark.slow) if key[0].startswith(SLOW) else key for key in TABLES
]


@pytest.fixture(scope="module", autouse=True)
def _parse_each_file_once():
    """The four tables of CellChatDB come from one file that takes long to parse."""
    whole = r_data._parsed
    r_data._parsed = functools.cache(whole)
    yield
    r_data._parsed = whole


@pytest.mark.parametrize(("name", "part"), SLOWLY)
def test_resource_table_equals_table(name, part, cache, shared):
    ours = cx.datasets.load(name, part=part)
    path = shared / "data" / TABLES[name, part]
    sep = "," if ".csv" in path.name else "\t"
    theirs = pd.read_csv(path, sep=sep, dtype=str, keep_default_na=False, na_values=["", "null"])
    theirs = theirs[[c for c in theirs.columns if not c.startswith("Unnamed")]]
    if name == "progeny_mouse_top500":
        ours, theirs = (_without_ties(t) for t in (ours, theirs))
    assert list(ours.columns) == list(theirs.columns)
    assert len(ours) == len(theirs)
    for column in ours.columns:
        same_text(ours[column], theirs[column])
    assert ours.attrs["crosstalk"]["dataset"] == name


@pytest.mark.parametrize("organism", ["human", "mouse"])
def test_gene_list_equals_file(organism, cache, shared):
    name = f"uniprot_secreted_{organism}"
    text = (shared / "data/annot" / f"{name}.txt").read_text().split()
    assert list(cx.datasets.load(name)["x"]) == [line for line in text if line != "x"]


def test_hallmarks_equal_gmt(cache, shared):
    sets = cx.datasets.load("msigdb_hallmark_v6_2")
    lines = (shared / "data/annot/msigdb_hallmark_v6.2.symbols.gmt").read_text().splitlines()
    assert sets["gene_set"].nunique() == 50
    genes = sets.groupby("gene_set", sort=False)["gene"].agg(list)
    assert [genes.index[0], *genes.iloc[0]] == [
        lines[0].split("\t")[i] for i in (0, *range(2, 202))
    ]
