"""Ordinary lanes that a crooked seller can take over, without the importer's knowledge."""

import numpy as np
from numpy.typing import NDArray

from ingest.synthetic.world import NONE, World


class Recruits:
    """Lanes of ordinary small and middling importers by sector and country of the exporter, each given out once."""

    def __init__(self, rng: np.random.Generator, world: World) -> None:
        lanes, importers, exporters = world.lanes, world.importers, world.exporters
        self._volume = lanes.expected()
        few = float(np.clip(0.002 * world.shipments, 6, 60))
        fit = (lanes.pattern == NONE) & (self._volume > 0.5) & (self._volume < few) & ~importers.clean[lanes.importer]
        rows = rng.permutation(np.flatnonzero(fit))
        self._countries = len(world.facts.countries)
        key = exporters.sector[lanes.exporter[rows]].astype(np.int64) * self._countries
        key += exporters.country[lanes.exporter[rows]]
        order = np.argsort(key, kind="stable")
        keys, first = np.unique(key[order], return_index=True)
        pieces = np.split(rows[order], first[1:])
        self._free = dict(zip(keys.tolist(), pieces, strict=True))

    def markets(self, sectors: NDArray[np.int64]) -> list[tuple[int, int, float]]:
        """Return sector, country and free volume of the markets in these sectors, the largest first."""
        found = []
        for key, rows in self._free.items():
            sector, country = divmod(key, self._countries)
            if sector in sectors:
                found.append((sector, country, float(self._volume[rows].sum())))
        return sorted(found, key=lambda market: (-market[2], market[0], market[1]))

    def take(self, sector: int, country: int, volume: float, at_most: int) -> NDArray[np.int64]:
        """Give out lanes of one market until they sum to `volume`, at most so many, at least one if there is one."""
        key = sector * self._countries + country
        rows = self._free.get(key)
        if rows is None or not len(rows):
            return np.empty(0, dtype=np.int64)
        number = int(np.clip(np.searchsorted(np.cumsum(self._volume[rows]), volume) + 1, 1, at_most))
        self._free[key] = rows[number:]
        taken: NDArray[np.int64] = rows[:number]
        return taken
