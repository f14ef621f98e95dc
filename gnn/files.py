"""The as-of graph on disk: arrays as safetensors, their names as JSON, never pickle.

Imported where the graph is needed only: reading it brings torch-geometric in.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load as load_arrays
from safetensors.numpy import save_file

from gnn.hetero import FACTS
from gnn.runtime import quiet_import

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

FORMAT = 1
ARRAYS, CARD = "hetero.safetensors", "hetero.json"


def save_graph(data: "HeteroData", folder: Path, cutoff: str) -> None:
    """Write a graph from `gnn.hetero.as_known` into a folder that is there.

    Args:
        data: the graph.
        folder: where to.
        cutoff: the ISO day before which everything in it was known.

    Raises:
        OSError: a file cannot be written.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    nodes, edges = [], []
    for kind in data.node_types:
        held = {name: value for name, value in data[kind].items() if name != "num_nodes"}
        arrays |= {f"{kind}.{name}": np.ascontiguousarray(value.cpu().numpy()) for name, value in held.items()}
        nodes.append({"type": kind, "nodes": int(data[kind].num_nodes), "arrays": list(held)})
    for start, relation, end in data.edge_types:
        name = f"{start}.{relation}.{end}"
        arrays[name] = np.ascontiguousarray(data[start, relation, end].edge_index.cpu().numpy())
        edges.append({"start": start, "relation": relation, "end": end, "array": name})
    save_file(arrays, folder / ARRAYS)
    card = {
        "format": FORMAT,
        "cutoff": cutoff,
        "shipment_facts": list(FACTS),
        "nodes": nodes,
        "edges": edges,
        "sha256": hashlib.sha256((folder / ARRAYS).read_bytes()).hexdigest(),
    }
    (folder / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load_graph(folder: Path) -> "HeteroData":
    """Read a graph.

    Raises:
        ValueError: there is none, or it is damaged or of another format.
    """
    quiet_import()
    import torch
    from torch_geometric.data import HeteroData

    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        written = (folder / ARRAYS).read_bytes()
        if card["format"] != FORMAT:
            raise ValueError(f"The graph in {folder} has format {card['format']}, not {FORMAT}; write it anew.")
        if hashlib.sha256(written).hexdigest() != card["sha256"]:
            raise ValueError(f"The graph in {folder} is damaged (its arrays are not those it was written with).")
        arrays = load_arrays(written)
        data = HeteroData()
        for node in card["nodes"]:
            data[node["type"]].num_nodes = node["nodes"]
            for name in node["arrays"]:
                data[node["type"]][name] = torch.from_numpy(arrays[f"{node['type']}.{name}"].copy())
        for edge in card["edges"]:
            triple = edge["start"], edge["relation"], edge["end"]
            data[triple].edge_index = torch.from_numpy(arrays[edge["array"]].copy())
    except FileNotFoundError as error:
        raise ValueError(f"There is no graph in {folder} ({error.filename} is missing).") from None
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"The graph in {folder} is damaged ({error}); write it anew.") from None
    return data
