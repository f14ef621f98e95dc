"""Aggregation along metapaths on the as-of graph, with torch-geometric's sparse operations, exact in every order.

Sums run over whole numbers only; where a share is passed on, it is first rounded to whole units of `SHARE`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch_geometric.data import HeteroData
from torch_geometric.utils import scatter

from gnn.hetero import LOG_UNIT, NEW_DAYS

SHARE = 2.0**20
SECOND = 2.0**8  # a second step passes its shares on in units this much coarser, to stay far below 2**53

# What is known of one party: its column in `party_facts`.
PARTY = ("parties", "shipments", "inspected", "infractions", "offenders", "new", "age", "value", "valued")
N_COUNTS = 6  # the first of them are counts, which are also passed on as shares


@dataclass(frozen=True)
class Reach:
    """What a party or hub sees of others over shared things; the rows are party or hub numbers.

    Attributes:
        hubs: [n] number of shared things that others have too.
        weight: [n] sum over them of 1 / number of others, in units of 1 / SHARE.
        fewest: [n] the smallest number of others at one of them; 2**40 where there is none.
        total: [n, len(PARTY)] sum over all others, by as many shared things as lead to them.
        share: [n, N_COUNTS] the same, what comes over each shared thing divided by the number of others there.
    """

    hubs: torch.Tensor
    weight: torch.Tensor
    fewest: torch.Tensor
    total: torch.Tensor
    share: torch.Tensor


NOBODY = 2.0**40


def history_facts(data: HeteroData, column: str, end: str) -> torch.Tensor:
    """Return the sums of the shipments' facts over each node that they name in a column, [n nodes, len(FACTS)]."""
    x = data["Shipment"].x
    shipment, thing = data["Shipment", column, end].edge_index
    total: torch.Tensor = scatter(x[shipment], thing, dim=0, dim_size=data[end].num_nodes, reduce="sum")
    return total


def distinct_importers(data: HeteroData, column: str, end: str) -> torch.Tensor:
    """Return how many importers name each node in a column, [n nodes]."""
    shipment, thing = data["Shipment", column, end].edge_index
    importer = torch.full((len(data["Shipment"].x),), -1, dtype=torch.int64, device=thing.device)
    named, trader = data["Shipment", "importer", "Trader"].edge_index
    importer[named] = trader
    both = importer[shipment] >= 0
    width = data["Trader"].num_nodes + 1
    pairs = torch.unique(thing[both] * width + importer[shipment][both])
    ones = torch.ones(len(pairs), dtype=torch.float64, device=thing.device)
    total: torch.Tensor = scatter(ones, pairs // width, dim=0, dim_size=data[end].num_nodes, reduce="sum")
    return total


def party_facts(data: HeteroData, member: str) -> torch.Tensor:
    """Return what is known of each trader in a role (`importer` or `exporter`), [n traders, len(PARTY)]."""
    sums = history_facts(data, member, "Trader")
    age = data["Trader"].age
    known = age >= 0
    log_age = torch.round(torch.log2(age.clamp(min=0).double() + 1.0) * LOG_UNIT)
    mean_value = torch.where(sums[:, 5] > 0, torch.round(sums[:, 4] / sums[:, 5].clamp(min=1)), 0.0)
    columns = (
        known,
        sums[:, 0],
        sums[:, 2],
        sums[:, 3],
        sums[:, 3] > 0,
        known & (age < NEW_DAYS),
        torch.where(known, log_age, 0.0),
        mean_value,
        sums[:, 5] > 0,
    )
    return torch.stack([column.double() for column in columns], dim=1)


def hub_sums(edges: torch.Tensor, facts: torch.Tensor, n_hubs: int) -> torch.Tensor:
    """Return the sum of the members' facts at each hub, [n hubs, columns]; edges are (member, hub)."""
    member, hub = edges
    total: torch.Tensor = scatter(facts[member], hub, dim=0, dim_size=n_hubs, reduce="sum")
    return total


def hub_degrees(edges: torch.Tensor, n_hubs: int) -> torch.Tensor:
    """Return the number of members of each hub, [n hubs]."""
    ones = torch.ones(edges.shape[1], dtype=torch.float64, device=edges.device)
    total: torch.Tensor = scatter(ones, edges[1], dim=0, dim_size=n_hubs, reduce="sum")
    return total


def over(rest: torch.Tensor, others: torch.Tensor, at: torch.Tensor, n: int) -> Reach:
    """Gather at each of n nodes what comes to it over single edges.

    Args:
        rest: [edges, columns] sum of the others' facts at the edge's hub.
        others: [edges] how many others there are.
        at: [edges] the node that receives it.
        n: number of nodes.
    """
    real = others > 0
    rest, others, at = rest[real], others[real], at[real]
    inverse = torch.round(SHARE / others)
    share = torch.round(rest[:, :N_COUNTS] * SHARE / others[:, None])
    fewest = torch.full((n,), NOBODY, dtype=torch.float64, device=rest.device)
    return Reach(
        hubs=scatter(torch.ones_like(others), at, dim=0, dim_size=n, reduce="sum"),
        weight=scatter(inverse, at, dim=0, dim_size=n, reduce="sum"),
        fewest=fewest.scatter_reduce(0, at, others, reduce="amin"),
        total=scatter(rest, at, dim=0, dim_size=n, reduce="sum"),
        share=scatter(share, at, dim=0, dim_size=n, reduce="sum"),
    )


def second_step(edges: torch.Tensor, facts: torch.Tensor, n_hubs: int) -> torch.Tensor:
    """Return facts of each member that are not its own but what it sees over its hubs, to be passed on once more.

    The member itself is left out, so that no walk turns back.
    The first columns are shares in units of SECOND / SHARE; those that are not counts are left at zero.
    """
    member, hub = edges
    sums, degrees = hub_sums(edges, facts, n_hubs), hub_degrees(edges, n_hubs)
    seen = over(sums[hub] - facts[member], degrees[hub] - 1, member, len(facts))
    passed = torch.zeros_like(facts)
    passed[:, :N_COUNTS] = torch.round(seen.share / SECOND)
    return passed


@dataclass(frozen=True)
class Hubs:
    """What the members of hubs have, whoever asks.

    Attributes:
        edges: [2, edges] distinct (member, hub) pairs known.
        facts: [n members, columns] facts of the members.
        sums, degrees: [n hubs, columns], [n hubs] the sum over the members of each hub, and their number.
        known: [edges] the codes of the pairs, sorted.
    """

    edges: torch.Tensor
    facts: torch.Tensor
    sums: torch.Tensor
    degrees: torch.Tensor
    known: torch.Tensor


def hubs_of(edges: torch.Tensor, facts: torch.Tensor, n_hubs: int) -> Hubs:
    """Return what is known of hubs from (member, hub) pairs and the facts of the members."""
    known = torch.sort(edges[0] * max(n_hubs, 1) + edges[1]).values
    return Hubs(edges, facts, hub_sums(edges, facts, n_hubs), hub_degrees(edges, n_hubs), known)


def reach_of_rows(hubs: Hubs, member: npt.NDArray[np.int32], declared: Sequence[npt.NDArray[np.int32]]) -> Reach:
    """Return what each row sees over the hubs of its party and over those that it names itself.

    Args:
        hubs: what is known.
        member: [rows] the row's party, -1 where blank; one that is not among the members sees nothing.
        declared: per column [rows] a hub that the row names, -1 where blank; one that is already known of the party
            counts once.
    """
    edges, facts = hubs.edges, hubs.facts
    party = _among(member, len(facts), facts)
    at, named = party.clamp(min=0), party >= 0
    rows, ends = _named_hubs(hubs, party, [_among(column, len(hubs.degrees), facts) for column in declared])
    fresh = over(hubs.sums[ends], hubs.degrees[ends], rows, len(party))
    if not edges.shape[1]:
        return fresh
    # What the rows' parties see, computed once for each of them.
    asked = torch.zeros(len(facts), dtype=torch.bool, device=facts.device)
    asked[party[named]] = True
    number = torch.cumsum(asked, 0) - 1
    starts, ends = edges[:, asked[edges[0]]]
    known = over(hubs.sums[ends] - facts[starts], hubs.degrees[ends] - 1, number[starts], int(asked.sum()) + 1)
    at = torch.where(named, number[at], len(known.hubs) - 1)
    return Reach(
        hubs=known.hubs[at] + fresh.hubs,
        weight=known.weight[at] + fresh.weight,
        fewest=torch.minimum(known.fewest[at], fresh.fewest),
        total=known.total[at] + fresh.total,
        share=known.share[at] + fresh.share,
    )


def _named_hubs(hubs: Hubs, party: torch.Tensor, declared: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (row, hub) for every hub that a row names and that is not known of its party yet, each once."""
    width, known = max(len(hubs.degrees), 1), hubs.known
    rows, ends = [torch.empty(0, dtype=torch.int64, device=party.device)] * 2
    for place, hub in enumerate(declared):
        fresh = hub >= 0
        if len(known):
            pair = party * width + hub
            found = torch.searchsorted(known, pair).clamp(max=len(known) - 1)
            fresh &= (known[found] != pair) | (party < 0)
        for earlier in declared[:place]:
            fresh &= hub != earlier
        row = torch.nonzero(fresh).flatten()
        rows, ends = torch.cat((rows, row)), torch.cat((ends, hub[row]))
    return rows, ends


def _among(numbers: npt.NDArray[np.int32], count: int, like: torch.Tensor) -> torch.Tensor:
    """Return numbers as a tensor, -1 for those that are not below the count."""
    return torch.from_numpy(np.where(numbers < count, numbers, -1).astype(np.int64)).to(like.device)
