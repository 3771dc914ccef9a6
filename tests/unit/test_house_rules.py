"""Promises about the code base itself: who imports whom, what is pinned, what is kept out."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("runner", "flows", "local_platform")


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def imported_modules(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return found


def test_the_import_arrows_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_only_the_platform_client_imports_aepp() -> None:
    users = {
        path.relative_to(ROOT)
        for path in sources()
        if any(module.split(".")[0] == "aepp" for module in imported_modules(path))
    }
    assert users, "nobody imports aepp: has the platform client moved?"
    assert all(path.parts[:2] == ("runner", "platform") for path in users), users


def test_only_settings_read_the_environment_for_credentials() -> None:
    readers = [path for path in (ROOT / "runner").rglob("*.py") if re.search(r"environ\S*\W+AEP_", path.read_text())]
    assert readers == []


def test_every_pin_has_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^[A-Za-z0-9][^\n]*?==", lock, re.M)
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lock.strip())
    assert len(pins) == len(blocks) > 50
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"https?://|--index|--find-links", lock)


def test_every_package_of_azurite_has_a_hash_and_no_address() -> None:
    folder = ROOT / "local_platform" / "landing_zone" / "azurite"
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    ours = lock.pop("")
    assert ours["dependencies"] == json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert len(lock) > 100
    assert all(item["integrity"].startswith("sha512-") and "resolved" not in item for item in lock.values())


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text[text.index("dependencies = [") : text.index("[project.scripts]")]
    for line in section.splitlines():
        if line.strip().startswith('"'):
            assert "#" in line, f"no reason given: {line.strip()}"


def test_no_file_of_ours_is_longer_than_a_room() -> None:
    long = {str(path.relative_to(ROOT)): n for path in sources() if (n := len(path.read_text().splitlines())) > 450}
    assert long == {}


def test_only_the_checked_client_imports_aepp() -> None:
    def imports(path: Path) -> set[str]:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        return plain | {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}

    ours = [f for folder in ("runner", "flows", "local_platform") for f in (ROOT / folder).rglob("*.py")]
    found = [str(f.relative_to(ROOT)) for f in ours if any(m.split(".")[0] == "aepp" for m in imports(f))]
    assert found == ["runner/platform/library.py"]
    named = [f for f in ours if "aepp" in f.read_text(encoding="utf-8") and "import_module(" in f.read_text("utf-8")]
    assert named == []


def test_only_the_checked_client_and_its_tokens_send_requests() -> None:
    """`requests` may be named elsewhere for its exceptions, never for sending."""
    sends = re.compile(r"\brequests\.(get|post|put|patch|delete|head|request|Session)\b|\burlopen\(|\bhttpx\b")
    found = {f.name for f in (ROOT / "runner").rglob("*.py") if sends.search(f.read_text(encoding="utf-8"))}
    assert found <= {"transport.py", "tokens.py", "local.py"}
