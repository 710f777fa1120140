"""Background tasks: scheduled ones exist, all take keyword ids only."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from django.conf import settings

from unionportal.celery import app
from unionportal.core import jobs, schedules

ROOT = Path(settings.BASE_DIR)
SOURCES = ("unionportal", "members", "stations", "outreach", "benefits")


@pytest.fixture(scope="module")
def tasks() -> dict:
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def test_every_schedule_names_a_task(tasks):
    declared = {schedule.task for schedule in schedules.declared()}
    assert declared - set(tasks) == set()
    assert "core.sweep_jobs" in declared


def test_a_scheduled_task_needs_no_arguments(tasks):
    for schedule in schedules.declared():
        assert list(inspect.signature(tasks[schedule.task].run).parameters) == [], schedule.task
        assert 1 <= schedule.seconds <= 86_400


def test_tasks_are_named_by_app_and_take_ids(tasks):
    for name, task in tasks.items():
        assert re.fullmatch(r"(core|members|stations|outreach|benefits|reports)\.\w+", name)
        for parameter in inspect.signature(task.run).parameters:
            assert parameter == "id" or parameter.endswith(("_id", "_ids")), name


def _calls() -> list[tuple[Path, ast.Call]]:
    return [
        (path, node)
        for name in SOURCES
        for path in (ROOT / name).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def test_tasks_are_woken_by_name_with_keywords_only(tasks):
    """`wake("app.task", some_id=…)` after commit is the only way to send one."""
    for path, call in _calls():
        called = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        if path.name == "wake.py":
            continue
        assert called not in {"delay", "apply_async", "send_task"}, path
        if called == "wake":
            assert len(call.args) == 1, path
            assert isinstance(call.args[0], ast.Constant), path
            task = tasks[call.args[0].value]
            given = {keyword.arg for keyword in call.keywords}
            assert given == set(inspect.signature(task.run).parameters), path


def test_every_job_that_is_started_has_a_handler(tasks):
    """Kinds may stand in a constant of the module that starts the job."""
    for path, call in _calls():
        if getattr(call.func, "attr", "") != "start":
            continue
        for keyword in call.keywords:
            if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant):
                assert keyword.value.value in jobs._handlers, path
    assert {"members.read_import", "members.write_import"} <= set(jobs._handlers)
