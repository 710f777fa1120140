"""The mutants of `script/faults --mutants` still fit the code; running them is not CI's."""

from __future__ import annotations

import ast
import shutil

import pytest

from faults import kinds  # noqa: F401 - importing it registers the faults
from faults.mutants import MUTANTS, apply
from faults.registry import registered
from faults.world import ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_fits_the_code(mutant, tmp_path):
    for path in {edit.path for edit in mutant.edits}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    apply(mutant.edits, tmp_path)
    for edit in mutant.edits:
        assert ast.parse((tmp_path / edit.path).read_text(encoding="utf-8"))
    assert set(mutant.faults) <= registered.keys()
