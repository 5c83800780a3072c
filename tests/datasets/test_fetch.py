"""The cache never holds a wrong file, whatever the server, the line or the user does."""

import gzip
import multiprocessing
import os
import signal
import stat
import time
from importlib import import_module
from pathlib import Path

import pytest

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError, ResourceError
from crosstalk_omics.datasets import download

fetch_module = import_module("crosstalk_omics.datasets.fetch")  # the function has the same name
TABLE = "gene\ts1\ts2\n" + "".join(f"G{i}\t{i}\t{i * 2}\n" for i in range(5000))
BODY = gzip.compress(TABLE.encode(), mtime=0)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "two_samples"


def visible(folder: Path) -> list[str]:
    """What a user sees: no partial file under a final name, hidden helpers aside."""
    return sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))


@pytest.mark.parametrize("fault", ["good", "cut", "cutnorange", "busy", "drip", "moved", "lying"])
def test_faults_that_pass_end_with_the_right_file(fault, server, write_manifest, folder):
    write_manifest(f"{server.url}/{fault}")
    path = cx.datasets.fetch("two_samples")["t.tsv.gz"]
    assert path == folder / "t.tsv.gz"
    assert path.read_bytes() == BODY
    assert visible(folder) == ["t.tsv.gz"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("short", r"has sha256 [0-9a-f]{64} \(\d+ bytes\), expected [0-9a-f]{64}"),
        ("long", r"has sha256 [0-9a-f]{64} \(\d+ bytes\), expected [0-9a-f]{64}"),
        ("wrong", r"has sha256 [0-9a-f]{64} \(\d+ bytes\), expected [0-9a-f]{64}"),
        ("missing", r"the server answered 404"),
        ("broken", r"the server answered 503"),
        ("page", r"expected [0-9a-f]{64}"),
    ],
)
def test_faults_that_stay_leave_no_file(fault, message, server, write_manifest, folder):
    write_manifest(f"{server.url}/{fault}")
    with pytest.raises(ResourceError, match=message) as caught:
        cx.datasets.fetch("two_samples")
    assert "t.tsv.gz" in str(caught.value)
    assert "CROSSTALK_MIRROR" in str(caught.value)
    assert visible(folder) == []


def test_cut_download_is_resumed_where_it_stopped(server, write_manifest):
    write_manifest(f"{server.url}/cut")
    cx.datasets.fetch("two_samples")
    assert [asked for _, asked in server.log] == [None, "bytes=8192-"]


def test_silence_is_ended_by_the_timeout_and_resumed(server, write_manifest, monkeypatch):
    monkeypatch.setenv("CROSSTALK_TIMEOUT", "0.3")
    write_manifest(f"{server.url}/stall")
    assert cx.datasets.fetch("two_samples")["t.tsv.gz"].read_bytes() == BODY
    assert server.log[1][1] is not None


def test_partial_file_of_another_version_is_started_again(server, write_manifest, folder):
    write_manifest(f"{server.url}/good")
    (folder / ".partial").mkdir(parents=True)
    (folder / ".partial" / "t.tsv.gz.part").write_bytes(b"something else")
    assert cx.datasets.fetch("two_samples")["t.tsv.gz"].read_bytes() == BODY


def test_present_file_needs_no_server_and_no_write(server, write_manifest, folder):
    write_manifest(f"{server.url}/missing")
    folder.mkdir(parents=True)
    (folder / "t.tsv.gz").write_bytes(BODY)
    before = sorted(folder.iterdir())
    cx.datasets.fetch("two_samples")
    assert server.log == []
    assert sorted(folder.iterdir()) == before


def test_damaged_file_is_fetched_again(server, write_manifest, folder):
    write_manifest(f"{server.url}/good")
    folder.mkdir(parents=True)
    (folder / "t.tsv.gz").write_bytes(BODY[:-1] + b"x")
    assert list(cx.datasets.check("two_samples")["status"]) == ["mismatch"]
    cx.datasets.fetch("two_samples")
    assert (folder / "t.tsv.gz").read_bytes() == BODY
    assert list(cx.datasets.check("two_samples")["status"]) == ["ok"]


def test_offline_says_what_is_missing_or_wrong(server, write_manifest, folder, monkeypatch):
    write_manifest(f"{server.url}/good")
    monkeypatch.setenv("CROSSTALK_OFFLINE", "1")
    with pytest.raises(ResourceError, match=r"is not in the cache. Downloads are off"):
        cx.datasets.fetch("two_samples")
    assert not folder.exists()
    folder.mkdir(parents=True)
    (folder / "t.tsv.gz").write_bytes(b"x")
    with pytest.raises(
        ResourceError, match=r"has sha256 2d7116.*, expected [0-9a-f]{64}. Downloads"
    ):
        cx.datasets.fetch("two_samples")
    assert server.log == []


def test_mirror_is_asked_first_and_the_public_address_next(server, write_manifest, monkeypatch):
    write_manifest(f"{server.url}/good/public")
    monkeypatch.setenv("CROSSTALK_MIRROR", f"{server.url}/good/mirror/")
    cx.datasets.fetch("two_samples")
    assert [p for p, _ in server.log] == ["/good/mirror/two_samples/t.tsv.gz"]


def test_bad_mirror_does_no_harm(server, write_manifest, monkeypatch):
    write_manifest(f"{server.url}/good/public")
    monkeypatch.setenv("CROSSTALK_MIRROR", f"{server.url}/wrong")
    assert cx.datasets.fetch("two_samples")["t.tsv.gz"].read_bytes() == BODY
    assert [p.split("/")[1] for p, _ in server.log] == ["wrong", "good"]


def test_unknown_checksum_is_trusted_once_and_compared_afterwards(server, write_manifest, folder):
    write_manifest(f"{server.url}/good", sha256="unknown")
    cx.datasets.fetch("two_samples")
    assert visible(folder) == ["t.tsv.gz", "t.tsv.gz.sha256"]
    assert list(cx.datasets.check()["status"]) == ["ok"]
    cx.datasets.fetch("two_samples")
    assert len(server.log) == 1
    (folder / "t.tsv.gz").write_bytes(BODY + b"x")
    assert list(cx.datasets.check()["status"]) == ["mismatch"]


def test_file_put_there_by_the_user_is_recorded_when_no_checksum_is_known(
    server, write_manifest, folder
):
    write_manifest(f"{server.url}/missing", sha256="unknown")
    folder.mkdir(parents=True)
    (folder / "t.tsv.gz").write_bytes(BODY)
    cx.datasets.fetch("two_samples")
    assert server.log == []
    assert visible(folder) == ["t.tsv.gz", "t.tsv.gz.sha256"]


def test_partial_file_is_not_continued_when_no_checksum_is_known(server, write_manifest, folder):
    write_manifest(f"{server.url}/good", sha256="unknown")
    (folder / ".partial").mkdir(parents=True)
    (folder / ".partial" / "t.tsv.gz.part").write_bytes(b"an older version")
    assert cx.datasets.fetch("two_samples")["t.tsv.gz"].read_bytes() == BODY
    assert server.log == [("/good/t.tsv.gz", None)]


@pytest.mark.parametrize("fault", ["page", "wrong"])
def test_first_use_refuses_what_is_no_such_file(fault, server, write_manifest, folder):
    write_manifest(f"{server.url}/{fault}", sha256="unknown")
    with pytest.raises(ResourceError, match=r"the file is no .gz file"):
        cx.datasets.fetch("two_samples")
    assert visible(folder) == []


def test_several_files_come_in_one_call(server, write_manifest, folder):
    names = [f"t{i}.tsv.gz" for i in range(6)]
    write_manifest(f"{server.url}/good", names=names, options={"file": "t0.tsv.gz"})
    assert list(cx.datasets.fetch("two_samples")) == names
    assert visible(folder) == names


def test_folder_that_cannot_be_written_is_named(server, write_manifest, folder, monkeypatch):
    write_manifest(f"{server.url}/good")
    blocked = folder.parent
    blocked.write_text("a file where the folder should be")
    with pytest.raises(ResourceError, match=r"cannot be written .*Set CROSSTALK_CACHE"):
        cx.datasets.fetch("two_samples")
    blocked.unlink()
    folder.mkdir(parents=True)
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    monkeypatch.setattr(fetch_module.os, "access", lambda *_: False)  # root may write anyway
    with pytest.raises(ResourceError, match=r"cannot be written \(permission denied\)"):
        cx.datasets.fetch("two_samples")
    folder.chmod(stat.S_IRWXU)


def test_full_disk_is_seen_before(server, write_manifest, monkeypatch):
    write_manifest(f"{server.url}/good")
    usage = type("Usage", (), {"free": 5 * 1024**2})
    monkeypatch.setattr(fetch_module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ResourceError, match=r"has 5 MiB free, the download needs 64 MiB"):
        cx.datasets.fetch("two_samples")
    assert server.log == []


def test_disk_that_fills_up_on_the_way_is_named(server, write_manifest, folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    write_manifest(f"{server.url}/good")
    monkeypatch.setattr(download._Downloader, "_write", full)
    with pytest.raises(ResourceError, match=r"cannot be written \(No space left on device\)"):
        cx.datasets.fetch("two_samples")
    assert visible(folder) == []
    assert len(server.log) == 1


def test_unknown_id_names_the_nearest(write_manifest):
    write_manifest("http://127.0.0.1")
    for call in (cx.datasets.fetch, cx.datasets.load, cx.datasets.info, cx.datasets.check):
        with pytest.raises(InputError, match=r"'two_sample'. Did you mean 'two_samples'"):
            call("two_sample")


def test_truncated_file_that_passes_the_checksum_is_named(server, write_manifest):
    write_manifest(f"{server.url}/good")
    server.body = BODY[:3000]
    write_manifest(f"{server.url}/good", sha256="unknown")
    with pytest.raises(ResourceError, match=r"Cannot read .*t.tsv.gz \(3000 bytes\)"):
        cx.datasets.load("two_samples")


def test_load_tells_where_the_data_come_from(server, write_manifest):
    write_manifest(f"{server.url}/good", caveat="two samples only")
    adata = cx.datasets.load("two_samples")
    assert adata.shape == (2, 5000)
    where = adata.uns["crosstalk"]
    assert where["dataset"] == "two_samples"
    assert where["organism"] == "mouse"
    assert where["caveat"] == "two samples only"
    assert list(where["files"]) == ["t.tsv.gz"]
    assert list(adata.obs["tissue"]) == ["bone", "bone"]
    adata.write_h5ad(os.devnull) if os.name == "nt" else adata.write_h5ad("/dev/null")


def test_names_get_their_ontology_terms(server, write_manifest):
    samples = {"fields": {"type": {"from": "sample"}}}
    more = {
        "samples": samples,
        "columns": {"cell_type": "type"},
        "cell_types": {"s1": "CL:0000062"},
    }
    path = write_manifest(f"{server.url}/good", **more)
    path.write_text("tissues: {bone: 'UBERON:0002481'}\n" + path.read_text())
    obs = cx.datasets.load("two_samples").obs
    assert list(obs["tissue_ontology_term_id"]) == ["UBERON:0002481"] * 2
    assert list(obs["cell_type_ontology_term_id"].astype(object).fillna("none")) == [
        "CL:0000062",
        "none",
    ]


def test_a_part_may_be_of_its_own_tissue(server, write_manifest):
    write_manifest(f"{server.url}/good", parts={"a": {"file": "t.tsv.gz", "tissue": "tendon"}})
    adata = cx.datasets.load("two_samples", part="a")
    assert set(adata.obs["tissue"]) == {"tendon"}
    assert adata.uns["crosstalk"]["tissue"] == "tendon"
    assert "tissue_ontology_term_id" not in adata.obs


def test_the_proxy_of_the_environment_is_used(server, write_manifest, monkeypatch):
    write_manifest("http://data.example.org/good")
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("http_proxy", server.url)
    assert cx.datasets.fetch("two_samples")["t.tsv.gz"].read_bytes() == BODY
    assert server.log == [("http://data.example.org/good/t.tsv.gz", None)]


def test_part_is_asked_for_and_checked(server, write_manifest):
    parts = {"a": {"file": "t.tsv.gz"}, "b": {"file": "t.tsv.gz"}}
    write_manifest(f"{server.url}/good", parts=parts)
    assert cx.datasets.load("two_samples", part="a").shape == (2, 5000)
    with pytest.raises(InputError, match=r"needs `part=`; its parts are: a, b"):
        cx.datasets.load("two_samples")
    with pytest.raises(InputError, match=r"has no part 'c'; its parts are: a, b"):
        cx.datasets.load("two_samples", part="c")
    write_manifest(f"{server.url}/good")
    with pytest.raises(InputError, match=r"has no part 'a'; it has no parts"):
        cx.datasets.load("two_samples", part="a")


def _fetch_in_child(root: str, queue) -> None:
    from crosstalk_omics.datasets import fetch, manifest

    manifest.packaged = lambda _: Path(root) / "data_manifest.yaml"
    queue.put(fetch("two_samples")["t.tsv.gz"].read_bytes())


def _child(tmp_path, queue):
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_fetch_in_child, args=(str(tmp_path), queue))
    process.start()
    return process


@pytest.mark.slow
def test_two_processes_share_a_cache_and_fetch_once(server, write_manifest, tmp_path):
    write_manifest(f"{server.url}/drip")
    queue = multiprocessing.get_context("spawn").Queue()
    processes = [_child(tmp_path, queue) for _ in range(2)]
    assert [queue.get(timeout=120) for _ in processes] == [BODY, BODY]
    for process in processes:
        process.join()
    assert len(server.log) == 1


@pytest.mark.slow
def test_killed_download_leaves_a_usable_cache(server, write_manifest, tmp_path, folder):
    write_manifest(f"{server.url}/stall")
    queue = multiprocessing.get_context("spawn").Queue()
    process = _child(tmp_path, queue)
    while not server.log:
        time.sleep(0.05)
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert visible(folder) == []
    assert cx.datasets.fetch("two_samples")["t.tsv.gz"].read_bytes() == BODY
    assert visible(folder) == ["t.tsv.gz"]
