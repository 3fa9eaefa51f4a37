"""What is handed out: the wheel, the locked requirements and what the image is made of."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from bot import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.txt", "requirements-dev.txt")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy that holds what a clone holds."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("bot", "locales", "sandbox", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, folder / name)
    command = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        str(folder / "dist"),
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (path,) = (folder / "dist").glob("*.whl")
    return path


def test_the_wheel_holds_the_bot_with_its_languages(wheel: Path) -> None:
    names = set(ZipFile(wheel).namelist())
    sources = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "bot").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    catalogues = {
        f"bot/{path.relative_to(ROOT)}" for path in ROOT.glob("locales/*/LC_MESSAGES/*.po")
    }
    assert {"bot/__main__.py", "bot/py.typed"} <= sources
    assert {name.split("/")[2] for name in catalogues} >= {"en", "ru"}
    assert sources | catalogues <= names


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in ZipFile(wheel).namelist()}
    assert tops == {"bot", f"vestnik-{PROJECT['version']}.dist-info"}


def test_the_wheel_brings_a_command_and_the_licence(wheel: Path) -> None:
    info = f"vestnik-{PROJECT['version']}.dist-info"
    with ZipFile(wheel) as archive:
        assert b"vestnik = bot.__main__:main" in archive.read(f"{info}/entry_points.txt")
        assert archive.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()


def pins(name: str) -> list[tuple[str, Version, list[str]]]:
    """A lock file's packages with their versions and hashes; one may differ between Pythons."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found: list[tuple[str, Version, list[str]]] = []
    for line in text.splitlines():
        if line and not line.lstrip().startswith("#"):
            what, *hashes = line.split(" --hash=")
            requirement = Requirement(what)
            (version,) = requirement.specifier
            assert version.operator == "=="
            package = canonicalize_name(requirement.name)
            found.append((package, Version(version.version), [h.strip() for h in hashes]))
    return found


def locked_versions(name: str) -> set[tuple[str, Version]]:
    return {(package, version) for package, version, _ in pins(name)}


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_is_pinned_with_hashes(name: str) -> None:
    assert len(pins(name)) > 30
    for package, _, hashes in pins(name):
        assert hashes, package
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), package


@pytest.mark.parametrize("name", [*LOCKS, "requirements-dev.in"])
def test_the_requirements_name_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    options = set(re.findall(r"^\s*(-[-\w]+)", text, re.MULTILINE))
    assert options == ({"-r"} if name.endswith(".in") else {"--hash"})


def test_the_locked_packages_are_those_that_the_project_asks_for() -> None:
    locked = locked_versions("requirements.txt")
    for requirement in map(Requirement, PROJECT["dependencies"]):
        versions = [v for package, v in locked if package == canonicalize_name(requirement.name)]
        assert versions, requirement
        assert all(version in requirement.specifier for version in versions), requirement


def test_development_adds_to_what_runs_and_changes_nothing() -> None:
    locked = locked_versions("requirements-dev.txt")
    assert locked_versions("requirements.txt") <= locked
    first, *wanted = (ROOT / "requirements-dev.in").read_text(encoding="utf-8").splitlines()
    assert first == "-r requirements.txt"
    assert set(map(canonicalize_name, wanted)) <= {package for package, _ in locked}


def test_the_image_holds_the_same_folders_as_the_wheel() -> None:
    copied = re.findall(r"^COPY (\w+) /vestnik/", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_in = re.findall(r"^!(\w+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert copied == let_in == ["bot", "locales"]


def test_the_version_is_the_same_everywhere() -> None:
    assert __version__ == PROJECT["version"]
