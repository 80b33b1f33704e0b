"""Backups of a folder that is served from, and servers on what was restored of them. Ours."""

from pathlib import Path

import pytest

from evald.assembly.data_folder import BLOBS, DATABASE
from evald.cli.main import main
from tests.engine.runs import create_eval, create_run, has_ended, recorded, rows, wait_for
from tests.support.mock_provider import MockProvider
from tests.support.running_provider import running_provider
from tests.support.running_server import running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

Captured = pytest.CaptureFixture[str]
N = 600


def test_a_run_goes_on_from_a_backup_that_was_made_in_its_midst(tmp_path: Path) -> None:
    backup, restored = tmp_path / "backup", tmp_path / "restored"
    with running_provider(MockProvider(latency_s=0.05)) as mock:
        with running_server(tmp_path / "data", EVALD_UPSTREAM_BASE_URL=mock.base_url) as server:
            client = server.client()
            eval_id = create_eval(client)
            file_id = client.files.create(file=b'{"item": {}}', purpose="evals").id
            run_id = create_run(client, eval_id, rows(N))
            wait_for(server, eval_id, run_id, until=lambda run: recorded(run) > N // 10)
            assert main(["backup", "--out", str(backup), "--data-dir", str(server.folder)]) == 0
            client.evals.delete(eval_id)
        assert main(["restore", str(backup), "--data-dir", str(restored)]) == 0
        with running_server(restored, EVALD_UPSTREAM_BASE_URL=mock.base_url) as server:
            run = wait_for(server, eval_id, run_id, until=has_ended)
            items = list(
                server.client().evals.runs.output_items.list(run_id, eval_id=eval_id, limit=100)
            )
            content = server.client().files.content(file_id).content

    assert run.status == "completed"
    assert run.result_counts.total == N
    assert [item.datasource_item_id for item in items] == list(range(N))
    assert content == b'{"item": {}}'


def test_what_is_there_is_never_overwritten(tmp_path: Path, capsys: Captured) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    assert main(["migrate", "--data-dir", str(data)]) == 0
    assert main(["backup", "--out", str(backup), "--data-dir", str(data)]) == 0

    assert main(["backup", "--out", str(backup), "--data-dir", str(data)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["restore", str(backup), "--data-dir", str(data)]) == 1
    assert "holds data already" in capsys.readouterr().err


def test_a_backup_that_is_not_whole_is_not_restored(tmp_path: Path, capsys: Captured) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup"
    assert main(["migrate", "--data-dir", str(data)]) == 0
    assert main(["backup", "--out", str(backup), "--data-dir", str(data)]) == 0

    (backup / DATABASE).write_bytes(b"no database" * 1_000)
    assert main(["restore", str(backup), "--data-dir", str(tmp_path / "new")]) == 1
    assert "damaged" in capsys.readouterr().err
    (backup / "evald-backup.json").unlink()
    assert main(["restore", str(backup), "--data-dir", str(tmp_path / "new")]) == 1
    assert "no whole backup" in capsys.readouterr().err
    assert not (tmp_path / "new" / DATABASE).exists()


def test_a_backup_that_lacks_a_blob_is_not_restored(tmp_path: Path, capsys: Captured) -> None:
    backup = tmp_path / "backup"
    with running_server(tmp_path / "data") as server:
        server.client().files.create(file=b'{"item": {}}', purpose="evals")
        assert main(["backup", "--out", str(backup), "--data-dir", str(server.folder)]) == 0
    for blob in (backup / BLOBS).glob("*/*"):
        blob.unlink()

    assert main(["restore", str(backup), "--data-dir", str(tmp_path / "new")]) == 1
    assert "lacks blobs" in capsys.readouterr().err


@pytest.mark.parametrize("call", [["backup", "--out", "b"], ["restore", "b"]])
def test_on_postgresql_it_is_said_what_to_call(
    call: list[str], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALD_DATABASE_URL", "postgresql://localhost/evald")

    assert main(call) == 2
    assert "pg_dump" in capsys.readouterr().err


def test_there_must_be_data_to_back_up(tmp_path: Path, capsys: Captured) -> None:
    call = ["backup", "--out", str(tmp_path / "b"), "--data-dir", str(tmp_path / "none")]

    assert main(call) == 1
    assert "no data" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()
