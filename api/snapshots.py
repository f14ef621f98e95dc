"""The snapshot of a store as a folder of files, whole or not at all."""

import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.commands.errors import UsageError

if TYPE_CHECKING:
    from graph.store.base import GraphStore

README = "README.json"
_ABOUT = (
    "The network of a Tidewaiter store: tables in Parquet (nodes/, links/, declarations, outcomes, ownership), and the "
    "same network as known before the as-of day for torch-geometric (hetero.safetensors and hetero.json, read by "
    "gnn.files.load_graph). Nodes are numbered within their type."
)


def check_new_folder(folder: Path) -> None:
    """Raise UsageError where no new folder can be made at a path, before any work is done."""
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{folder} exists already: name a new folder.")
    if not folder.absolute().parent.is_dir():
        raise UsageError(f"The folder {folder.absolute().parent} does not exist: create it first, or write elsewhere.")


def write_snapshot(
    store: "GraphStore", folder: Path, as_of: date | None = None, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Write the snapshot into a new folder, and return what its README says.

    Args:
        store: where the network is.
        folder: the new folder; it is there only when all is written.
        as_of: only what was known before this day is written; by default everything, and the graph for torch-geometric
            is that of the day after the latest acceptance.
        progress: is told what is being done.

    Raises:
        UsageError: the folder cannot be made.
        TargetingError: the store holds no declaration.
        OSError: a file cannot be written.
    """
    from gnn.files import save_graph
    from gnn.hetero import as_known, declared_logs
    from graph.build import snapshot
    from graph.tables import write_tables
    from targeting.days import day_number, day_text
    from targeting.publish import default_as_of

    check_new_folder(folder)
    progress("reading the network")
    found = snapshot(store, as_of)
    day = default_as_of(found) if as_of is None else day_number(as_of)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
    try:
        progress("writing its tables")
        told = {"about": _ABOUT, "as_of": day_text(day), "everything": as_of is None} | write_tables(found, fresh)
        progress("writing the graph")
        save_graph(as_known(found, day, declared_logs(found)), fresh, day_text(day))
        text = json.dumps(told, ensure_ascii=False, indent=1)
        (fresh / README).write_text(text + "\n", encoding="utf-8")
        fresh.chmod(0o755)
        fresh.rename(folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return told
