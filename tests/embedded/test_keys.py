"""Secrets are made once, closed, of the right size."""

import base64
import stat

from unionportal.embedded import keys


def test_generate_makes_closed_files(tmp_path):
    folder = tmp_path / "secrets"
    assert keys.generate(folder) == ["SECRET_KEY", "FIELD_KEY", "INDEX_KEY", "ORDER_KEY"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    for name in ("FIELD_KEY", "INDEX_KEY", "ORDER_KEY"):
        assert len(base64.b64decode((folder / name).read_text(encoding="ascii"))) == 32
    assert len((folder / "SECRET_KEY").read_text(encoding="ascii")) == 64


def test_generate_keeps_what_is_there(tmp_path):
    keys.generate(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "SECRET_KEY").unlink()
    assert keys.generate(tmp_path) == ["SECRET_KEY"]
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert after.pop("SECRET_KEY") != before.pop("SECRET_KEY")
    assert after == before


def test_fresh_never_repeats():
    assert len({keys.fresh("FIELD_KEY") for _ in range(50)}) == 50
