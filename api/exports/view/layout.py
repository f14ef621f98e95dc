"""Where each thing is drawn: communities side by side, and the things of each inside it.

A force layout of the whole gives a ball in which nothing can be read, so the plane is divided from the top: the
communities are placed by the links between them, each in a disc of its own that overlaps no other, then the things of
each inside its disc, where a large one is divided once more. The same network always gives the same picture.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import networkx as nx
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

SPACE = 80.0
"""The least distance in pixels between two things, which leaves room for a name below each."""

_SEED = 20240229
# Above this many things at once a force layout gives a ball.
_LEGIBLE = 60
# Rounds of a layout, and how many pairs all of them together may look at.
_ROUNDS = 200
_WORK = 10_000_000


def layout(count: int, links: Iterable[tuple[int, int]], communities: Sequence[str | None]) -> Points:
    """Return x and y in pixels of each of `count` things, numbered from 0.

    Args:
        count: how many things there are.
        links: the ends of each link.
        communities: the community of each thing; one without goes where most of its neighbours are.
    """
    network: nx.Graph[int] = nx.Graph()
    network.add_nodes_from(range(count))
    network.add_edges_from(sorted({(min(ends), max(ends)) for ends in links if ends[0] != ends[1]}))
    points = np.zeros((count, 2))
    if count:
        _place(network, _homes(network, communities), points)
    return np.round(points - points.mean(axis=0) if count else points, 1)


def _homes(network: "nx.Graph[int]", communities: Sequence[str | None]) -> list[list[int]]:
    """Return the things of each community, those without one where most of their neighbours are."""
    home: dict[int, str] = {thing: name for thing, name in enumerate(communities) if name is not None}
    waiting = [thing for thing in network if thing not in home]
    while waiting:
        found = {}
        for thing in waiting:
            votes = Counter(home[other] for other in network[thing] if other in home)
            if votes:
                found[thing] = min(votes, key=lambda name: (-votes[name], name))
        if not found:
            break
        home |= found
        waiting = [thing for thing in waiting if thing not in home]
    groups: dict[str, list[int]] = defaultdict(list)
    for thing in sorted(home):
        groups[home[thing]].append(thing)
    apart = sorted(sorted(part) for part in nx.connected_components(network.subgraph(waiting)))
    alone = [thing for part in apart if len(part) == 1 for thing in part]
    return [
        *(groups[name] for name in sorted(groups)),
        *(part for part in apart if len(part) > 1),
        *filter(None, [alone]),
    ]


def _place(network: "nx.Graph[int]", groups: Sequence[Sequence[int]], points: Points) -> None:
    """Set the points of all things: each group round its own centre, then the groups beside each other."""
    radii = np.array([_within(network.subgraph(group), points) for group in groups])
    centres = _beside(network, groups, radii)
    for group, centre in zip(groups, centres, strict=True):
        points[list(group)] += centre


def _within(network: "nx.Graph[int]", points: Points) -> float:
    """Set the points of the things of one group round its centre, and return the radius they take."""
    things = sorted(network)
    if network.number_of_edges() == 0:
        points[things] = _seeds(len(things))
    elif len(parts := _parts(network)) > 1:
        _place(network, parts, points)
    else:
        _draw(network, points)
    points[things] -= points[things].mean(axis=0)
    return float(np.linalg.norm(points[things], axis=1).max()) + SPACE


def _parts(network: "nx.Graph[int]") -> list[list[int]]:
    """Return what a group falls into: itself where it is small, else parts with most of their links inside."""
    if len(network) <= _LEGIBLE:
        return [sorted(network)]
    # Built anew, because a part of a network keeps the order of a set, and that of the numbers is always the same.
    ordered: nx.Graph[int] = nx.Graph()
    ordered.add_nodes_from(sorted(network))
    ordered.add_edges_from(sorted((min(ends), max(ends)) for ends in network.edges))
    return sorted(sorted(part) for part in nx.community.louvain_communities(ordered, seed=_SEED))


def _draw(network: "nx.Graph[int]", points: Points) -> None:
    """Set the points of the things of a small group by forces; what has one link only lies round its neighbour."""
    fans: dict[int, list[int]] = defaultdict(list)
    for thing in sorted(network):
        if network.degree(thing) == 1:
            (other,) = network[thing]
            if network.degree(other) > 1 or other < thing:
                fans[other].append(thing)
    leaves = {thing for fan in fans.values() for thing in fan}
    core = [thing for thing in sorted(network) if thing not in leaves]
    # The seed in the middle of a fan is its neighbour, and the ring round it takes as much room as its seeds.
    rings = {thing: _seeds(len(fan) + 1)[1:] for thing, fan in fans.items()}
    radii = np.array([SPACE / 2 + (np.linalg.norm(rings[one][-1]) if one in rings else 0.0) for one in core])
    weights = nx.to_numpy_array(network, nodelist=core)
    points[core] = _spread(_forces(weights, _seeds(len(core)), 2 * float(radii.mean())), radii)
    for thing, fan in fans.items():
        points[fan] = points[thing] + rings[thing]


def _beside(network: "nx.Graph[int]", groups: Sequence[Sequence[int]], radii: Points) -> Points:
    """Return the centres of groups by the links between them, far enough apart for their radii."""
    group_of = {thing: at for at, group in enumerate(groups) for thing in group}
    weights = np.zeros((len(groups), len(groups)))
    for one, other in network.edges:
        if one in group_of and other in group_of and group_of[one] != group_of[other]:
            weights[group_of[one], group_of[other]] += 1
            weights[group_of[other], group_of[one]] += 1
    return _spread(_forces(np.log1p(weights), _seeds(len(groups)), 2 * float(radii.mean())), radii)


def _seeds(count: int) -> Points:
    """Return points evenly spread over a disc, as the seeds of a sunflower are, the first in the middle."""
    at = np.arange(count, dtype=np.float64)
    angle, distance = at * np.pi * (3 - np.sqrt(5)), SPACE * np.sqrt(at)
    return np.column_stack((distance * np.cos(angle), distance * np.sin(angle)))


def _forces(weights: Points, start: Points, length: float) -> Points:
    """Return points drawn together by their links and pushed apart else (Fruchterman and Reingold 1991).

    Args:
        weights: how strong each pair is linked, symmetric.
        start: where each point starts, about `SPACE` apart.
        length: the distance at which a link of weight 1 rests.
    """
    points = start * (length / SPACE)
    if len(points) < 2 or not weights.any():
        return points
    rounds = int(np.clip(_WORK // len(points) ** 2, 20, _ROUNDS))
    # What links nothing is held near the others.
    gravity = 0.05
    for reach in np.linspace(length * 2, length / 50, rounds):
        between = points[:, None, :] - points[None, :, :]
        squared = np.maximum((between**2).sum(axis=2), 1e-6)
        pull = weights * np.sqrt(squared) / length - length**2 / squared
        moved = -(between * pull[:, :, None]).sum(axis=1) - gravity * points
        far = np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9)
        points = points + moved / far * np.minimum(far, reach)
    return points


def _spread(points: Points, radii: Points) -> Points:
    """Return the points moved until no disc round one overlaps that of another, and drawn together where there is room.

    Each round draws all points a little to the middle and pushes apart those that overlap; what is left to push at the
    end is solved by widening the whole.
    """
    points = points - points.mean(axis=0)
    if len(points) < 2:
        return points
    needed = radii[:, None] + radii[None, :]
    np.fill_diagonal(needed, 0.0)
    rounds = int(np.clip(_WORK // len(points) ** 2, 20, _ROUNDS))
    for at in range(rounds):
        if at < rounds // 2:
            points = points * 0.98
        between = points[:, None, :] - points[None, :, :]
        apart = np.maximum(np.sqrt((between**2).sum(axis=2)), 1e-6)
        lacking = np.maximum(needed - apart, 0.0)
        points = points + (between * (lacking / apart / 2)[:, :, None]).sum(axis=1) * 0.8
    between = points[:, None, :] - points[None, :, :]
    apart = np.sqrt((between**2).sum(axis=2))
    np.fill_diagonal(apart, 1.0)
    return points * max(1.0, float((needed / np.maximum(apart, 1e-6)).max()))
