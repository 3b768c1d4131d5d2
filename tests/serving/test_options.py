"""The command of the server: its options, and what importing it loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evacroute.serving.__main__ import main
from evacroute.serving.options import read_options

from .doors import need
from .fake_core import FakeCore

DIR = ["--model_dir", "bundle"]


def test_importing_loads_no_kserve() -> None:
    """Neither the package nor its serving part, its options or its core load an extra."""
    code = (
        "import sys, evacroute, evacroute.serving, evacroute.serving.options, "
        "evacroute.serving.core, evacroute.serving.codec_v1, evacroute.serving.__main__\n"
        "print([m for m in ('kserve', 'fastapi', 'grpc', 'redis') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without options it is what the page says; the environment names store and key."""
    monkeypatch.delenv("EVACROUTE_STORE", raising=False)
    found = read_options(DIR)
    assert (found.model_name, found.http_port, found.grpc_port) == ("evacroute", 8080, 8081)
    assert (found.store, found.key_file) == ("sqlite:///evacroute.sqlite", None)
    assert (found.hold, found.timeout, found.drain, found.grace) == (1800, 2, 5, 20)
    assert (found.max_persons, found.max_body_kb, found.alarm) == (1000, 512, None)
    monkeypatch.setenv("EVACROUTE_STORE", "redis://host")
    monkeypatch.setenv("EVACROUTE_KEY_FILE", "key")
    found = read_options(DIR)
    assert (found.store, str(found.key_file)) == ("redis://host", "key")
    assert read_options([*DIR, "--store", "memory:"]).store == "memory:"


def test_kserves_own_options_are_taken() -> None:
    """What a runtime of KServe passes is taken, written with _ or -."""
    line = [
        *DIR, "--workers=1", "--enable_grpc=false", "--max_threads=4", "--event-loop", "uvloop",
        "--timeout-keep-alive", "30", "--enable_latency_logging=true", "--log-level=warning",
        "--alarm", "2026-11-23T10:00Z", "--hold", "10 min",
    ]  # fmt: skip
    found = read_options(line)
    assert (found.grpc_port, found.timeout_keep_alive, found.log_level) == (0, 30, "warning")
    assert (found.alarm, found.hold) == (1795428000.0, 600)


@pytest.mark.parametrize("address", ["sqlite:places.db", "postgres://localhost", "sqlite:///"])
def test_a_store_of_another_form(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An address that no store has ends the command at once, and the forms are told in full."""
    need("kserve")
    from evacroute.serving import logs

    monkeypatch.setattr(logs, "set_up", lambda level: None)
    assert main([*DIR, "--store", address]) == 2
    assert "memory: or sqlite:///relative.db or sqlite:////abs" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line, says",
    [
        ([], "argument --model_dir: is missing, expected the folder of a bundle"),
        ([*DIR, "--colour", "red"], "unrecognized arguments: --colour red"),
        ([*DIR, "--time", "2"], "unrecognized arguments: --time 2"),
        ([*DIR, "--workers", "2"], "there is one worker a pod, expected 1"),
        ([*DIR, "--http_port", "70000"], "argument --http_port: '70000' is no port"),
        ([*DIR, "--max_persons", "0"], "argument --max_persons: '0': expected a whole number"),
        ([*DIR, "--timeout", "never"], "argument --timeout: duration is 'never', expected"),
        ([*DIR, "--alarm", "2026-11-23T10:00"], "expected a time with its offset"),
        ([*DIR, "--model_name", "a/b"], "argument --model_name: expected letters"),
        ([*DIR, "--ssl_certfile", "x"], "needs --ssl_keyfile"),
    ],
)
def test_a_wrong_option_is_told(
    line: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each wrong option ends the command with code 2 and a word on what is allowed."""
    with pytest.raises(SystemExit) as error:
        read_options(line)
    assert error.value.code == 2
    assert says in capsys.readouterr().err


def test_help_is_ours(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Help names our options and shows no address of a store that may hold a password."""
    monkeypatch.setenv("EVACROUTE_STORE", "redis://:password@host")
    with pytest.raises(SystemExit) as error:
        main(["--help"])
    assert error.value.code == 0
    text = capsys.readouterr().out
    assert "--max_persons" in text
    assert "password@" not in text
    assert "(default: 30min)" in text
    assert "(default: )" not in text
    assert "None" not in text
    assert text.index("--model_dir DIR [options]") < text.index("options:") < 250
    assert text.startswith("usage: evacroute serve DIR [options]\n")


def test_warming_serves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --warm the caches are filled, without a bundle, and nothing is served."""
    need("kserve")
    from evacroute.serving import logs, making

    done: list[bool] = []
    monkeypatch.setattr(logs, "set_up", lambda level: None)
    monkeypatch.setattr(making, "warm", lambda: done.append(True))
    assert main(["--warm"], lambda options, meters: FakeCore()) == 0
    assert done == [True]


def test_replicas_need_a_key_in_common(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A store that others share needs a key file, of enough bytes; one in a file makes its own."""
    need("kserve")
    from evacroute.serving import logs
    from evacroute.serving.making import read_key

    monkeypatch.setattr(logs, "set_up", lambda level: None)
    monkeypatch.delenv("EVACROUTE_KEY_FILE", raising=False)
    assert main([*DIR, "--store", "redis://localhost:1/0"]) == 2
    assert "key_file is missing" in capsys.readouterr().err
    short = tmp_path / "short"
    short.write_bytes(b"too short")
    assert main([*DIR, "--store", "redis://localhost:1/0", "--key_file", str(short)]) == 2
    assert "holds 9 bytes, expected 16 or more" in capsys.readouterr().err
    options = read_options([*DIR, "--store", f"sqlite:///{tmp_path}/places.sqlite"])
    key = read_key(options)
    assert key == read_key(options)
    assert len(key) >= 32
    assert (tmp_path / "places.sqlite.key").stat().st_mode & 0o777 == 0o600
