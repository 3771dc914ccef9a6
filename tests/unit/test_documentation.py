"""What is written down is true: commands, targets, settings, schedules and messages are there as described."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from runner.cli import main
from runner.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """All commands below a group, by the words that call them."""
    for name, command in group.commands.items():
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")


def code(text: str) -> list[str]:
    """What a Markdown text sets as code: the lines of its blocks, and what stands between back-quotes."""
    blocks = re.findall(r"^ *```[^\n]*\n(.*?)^ *```", text, re.M | re.S)
    prose = re.sub(r"^ *```[^\n]*\n.*?^ *```", "", text, flags=re.M | re.S)
    return [line.strip() for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", prose)


def named(text: str, program: str) -> set[str]:
    """The sub-commands (or targets) of a program that code in a text calls."""
    calls = [re.findall(rf"(?:^|[;&|(] *){program} +([a-z][a-z-]*)\b", line) for line in code(text)]
    return {name for found in calls for name in found}


def messages(text: str) -> list[str]:
    """The first column of the table whose head is `message`, without back-quotes."""
    table = re.search(r"^\| *message *\|.*\n\|[-| ]+\n((?:\|.*\n?)+)", text, re.M)
    return [line.split("|")[1].strip().strip("`") for line in table[1].splitlines()] if table else []


@cache
def spoken() -> tuple[tuple[str, ...], ...]:
    """Every text in our sources that is not a docstring, as the pieces between what is filled in."""
    found: list[tuple[str, ...]] = []
    for package in ("runner", "flows", "local_platform"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.JoinedStr):
                    found.append(tuple(v.value if isinstance(v, ast.Constant) else "" for v in node.values))  # type: ignore[misc]
                elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                    found.append((node.value,))
    return tuple(found)


def is_said(part: str) -> bool:
    """Whether a source holds this part, whole or as `beginning {filled in}` with the rest being said elsewhere."""
    if any(part in piece for pieces in spoken() for piece in pieces):
        return True
    for pieces in spoken():
        for piece, following in itertools.pairwise(pieces):
            beginning = piece if following == "" else ""
            if len(beginning.split()) > 1 and part.startswith(beginning) and part != beginning:
                rest = part.removeprefix(beginning)
                if any(rest in other for others in spoken() for other in others):
                    return True
    return False


@pytest.mark.parametrize(("words", "command"), [pytest.param(n, c, id=n) for n, c in commands(main)])
def test_every_command_says_what_it_does(words: str, command: click.Command) -> None:
    assert len((command.help or "").split()) >= 4, f"propensity {words} --help says nothing"


def test_every_command_of_the_readme_exists() -> None:
    assert named(README, "propensity") - {name for name, _ in commands(main)} == set()


def test_every_make_target_and_variable_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    assert named(README, "make") - targets == set()
    variables = {v for line in code(README) if line.startswith("make ") for v in re.findall(r"\b([A-Z_]+)=", line)}
    assert variables - set(re.findall(r"\$\(([A-Z_]+)\)", makefile)) == set()


@pytest.mark.parametrize("key", list(Settings.model_fields))
def test_every_key_of_the_settings_is_shown_in_propensity_yml_or_the_readme(key: str) -> None:
    shown = re.search(rf"^(?:# ?)?{key}:", (ROOT / "propensity.yml").read_text(encoding="utf-8"), re.M)
    assert shown or re.search(rf"^`?{key}:|`{key}`", README, re.M), f"nobody can know that there is a key {key}"


def test_every_key_of_propensity_yml_has_a_comment() -> None:
    lines = (ROOT / "propensity.yml").read_text(encoding="utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if re.match(r"[a-z_]+:", line)]
    sections = {lines[a].split(":")[0]: lines[a:b] for a, b in zip(keys, [*keys[1:], len(lines)], strict=True)}
    assert [key for key, section in sections.items() if not any("#" in line for line in section)] == []


def deployments() -> list[Any]:
    content = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    return [pytest.param(d, id=d["name"]) for d in content["deployments"]]


@pytest.mark.parametrize("deployment", deployments())
def test_a_deployment_calls_a_flow_with_parameters_that_it_has(deployment: dict[str, Any]) -> None:
    # By module: `flows/pipeline.py:propensity` would be looked for in the folder of a project of one's own.
    module, _, name = deployment["entrypoint"].rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    inspect.signature(flow.fn).bind(**deployment["parameters"])
    flow.validate_parameters(deployment["parameters"])


@pytest.mark.parametrize("deployment", deployments())
def test_a_deployment_runs_one_at_a_time_for_a_use_case_that_exists(deployment: dict[str, Any]) -> None:
    known = {u["name"] for u in yaml.safe_load((ROOT / "propensity.yml").read_text(encoding="utf-8"))["use_cases"]}
    assert deployment["parameters"]["use_case"] in known
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
    assert all(s["timezone"] == "UTC" and len(s["cron"].split()) == 5 for s in deployment["schedules"])


def test_every_use_case_runs_at_night_and_is_closed_in_the_morning() -> None:
    cases = yaml.safe_load((ROOT / "propensity.yml").read_text(encoding="utf-8"))["use_cases"]
    found = {(d.values[0]["entrypoint"], d.values[0]["parameters"]["use_case"]) for d in deployments()}
    flows = ("flows.pipeline.propensity", "flows.activation.activation")
    assert found == {(flow, case["name"]) for flow in flows for case in cases}


def test_continuous_integration_runs_what_the_readme_tells_people_to_run() -> None:
    script = ROOT / ".ci" / "run"
    commands = [line for line in script.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert commands[-1] == "make test"
    assert script.stat().st_mode & 0o100, ".ci/run cannot be executed"


@pytest.mark.parametrize("message", messages(README))
def test_a_message_of_the_readme_is_one_that_people_can_meet(message: str) -> None:
    parts = [part.strip(" .:") for part in re.split(r"\.\.\.|…|[\d,]*\d", message)]
    assert is_said(max(parts, key=len)), f"README.md's table of messages: no source says {max(parts, key=len)!r}"


def test_these_checks_see_what_they_look_for() -> None:
    text = (
        "propensity scores\n\n| message | meaning |\n|---|---|\n| `No such ... thing` | x |\n\n"
        "Run `propensity nope` or:\n\n  ```\n  make never A=1   # propensity too\n  ```\n"
    )
    assert named(text, "propensity") == {"nope"}
    assert named(text, "make") == {"never"}
    assert messages(text) == ["No such ... thing"]
    assert is_said("Not set in the environment: AEP_")
    assert not is_said("the moon is made of " + "cheese")
