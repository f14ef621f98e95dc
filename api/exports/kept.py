"""Where the service keeps the packages that it wrote: beside the register, by their manifest, until they expire."""

import logging
import re
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

from api.exports.errors import ExportError
from api.exports.register import Register

LOG = logging.getLogger("tidewaiter.service")
_FOLDER = "packages"
_KEPT = re.compile(r"[0-9a-f]{64}\.zip")


def package_path(folder: Path, manifest: str) -> Path:
    """Return where the package with this SHA-256 of its manifest lies, in the folder of the hand-overs."""
    return folder / _FOLDER / f"{manifest}.zip"


def begun_path(folder: Path, job: str) -> Path:
    """Return where a job writes its package, and remove what jobs that were ended left there, and what has expired.

    One job runs at a time, so whatever is there under another name than that of a manifest is nobody's.
    """
    packages = folder / _FOLDER
    packages.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in packages.iterdir():
        if not _KEPT.fullmatch(path.name):
            path.unlink()
    remove_expired(folder, today())
    return packages / f"{job}.zip"


def keep(folder: Path, written: Path, manifest: str) -> Path:
    """Give a package that is in the register its name, for its owner alone, and return where it is."""
    written.chmod(0o600)
    return written.replace(package_path(folder, manifest))


def today() -> date:
    """Return the day by which it is told whether the last day of use is over: in UTC, as `export verify` has it."""
    return datetime.now(UTC).date()


def remove_expired(folder: Path, now: date) -> None:
    """Remove the packages whose last day of use is over; their lines of the register stay."""
    kept = [path for path in (folder / _FOLDER).glob("*.zip") if _KEPT.fullmatch(path.name)]
    if not kept:
        return
    with Register(folder) as register:
        for path in kept:
            last = register.last_day(path.stem)
            if last is not None and last < now:
                path.unlink(missing_ok=True)


def tidy(folder: Path) -> None:
    """Remove expired packages as the service starts; it starts also where that cannot be, and tries again later."""
    try:
        remove_expired(folder, today())
    except (OSError, sqlite3.Error, ExportError) as error:
        LOG.warning("Expired packages cannot be removed: %s", error)
