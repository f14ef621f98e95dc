"""Where the service keeps the packages that it wrote until they are fetched: beside the register, by their manifest."""

import re
from pathlib import Path

_FOLDER = "packages"
_KEPT = re.compile(r"[0-9a-f]{64}\.zip")


def package_path(folder: Path, manifest: str) -> Path:
    """Return where the package with this SHA-256 of its manifest lies, in the folder of the hand-overs."""
    return folder / _FOLDER / f"{manifest}.zip"


def begun_path(folder: Path, job: str) -> Path:
    """Return where a job writes its package, and remove what jobs that were ended left there.

    One job runs at a time, so whatever is there under another name than that of a manifest is nobody's.
    """
    packages = folder / _FOLDER
    packages.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in packages.iterdir():
        if not _KEPT.fullmatch(path.name):
            path.unlink()
    return packages / f"{job}.zip"


def keep(folder: Path, written: Path, manifest: str) -> Path:
    """Give a package that is in the register its name, for its owner alone, and return where it is."""
    written.chmod(0o600)
    return written.replace(package_path(folder, manifest))
