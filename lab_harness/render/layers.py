"""Lays out a directed graph in layers, from top to bottom, so that arrows go down and seldom cross.

The usual way (Sugiyama, Tagawa, Toda 1981): break cycles, give each node a layer, order each layer by the middle of a
node's neighbours, then move nodes under their neighbours as far as their order allows.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab_harness.render.svg import Point

Node = Any  # hashable
Edge = tuple[Node, Node]

GAP_ACROSS, GAP_DOWN = 28.0, 30.0  # pixels between nodes, between layers
PLACE, BESIDE = 12.0, 14.0  # pixels that a passing edge takes, and that one that leads back keeps from the middle
SWEEPS = 8


@dataclass(frozen=True)
class Layout:
    """Where nodes have their centres, through which points each edge goes, and how large the whole is, in pixels."""

    centres: dict[Node, Point]
    routes: dict[Edge, list[Point]]
    width: float
    height: float


def lay_out(sizes: dict[Node, Point], edges: Sequence[Edge]) -> Layout:
    """The layout of nodes of these sizes (width, height); the first is the one from which the others are reached."""
    edges = list(dict.fromkeys(edges))
    loops = {edge: ((edge[0], edge), (edge, edge[1])) for edge in edges if edge[0] == edge[1]}
    sizes = sizes | dict.fromkeys(loops, (PLACE, PLACE))  # a loop goes down to a place of its own and back
    plain = [part for edge in edges for part in loops.get(edge, (edge,))]
    back = _back(list(sizes), plain)
    ranks = _ranks(list(sizes), [edge[::-1] if edge in back else edge for edge in plain])
    chains = {edge: _chain(edge, ranks, edge in back) for edge in plain}
    layers, sizes = _layers(sizes, ranks, chains)
    neighbours = _neighbours(chains)
    _order(layers, neighbours)
    across = _across(layers, sizes, neighbours)
    down, heights = _down(layers, sizes)
    left = min(across[node] - sizes[node][0] / 2 for node in across)
    centres = {node: (across[node] - left, down[node]) for layer in layers for node in layer}
    ways = {edge: _route(chain, centres, sizes, heights, edge in back) for edge, chain in chains.items()}
    routes = {edge: [point for part in loops.get(edge, (edge,)) for point in ways[part]] for edge in edges}
    right = max(x + sizes[node][0] / 2 for node, (x, _) in centres.items())
    bottom = max(y + sizes[node][1] / 2 for node, (_, y) in centres.items())
    return Layout(centres, routes, right, bottom)


def _back(nodes: list[Node], edges: Sequence[Edge]) -> set[Edge]:
    """The edges that lead back to a node on the way to them; without those there are no cycles."""
    following = defaultdict(list)
    for source, target in edges:
        following[source].append(target)
    seen: set[Node] = set()
    back: set[Edge] = set()
    for root in nodes:
        # The nodes on the way, the latest last, each with what of its targets is still to be visited.
        way = {} if root in seen else {root: iter(following[root])}
        seen.add(root)
        while way:
            node, targets = next(reversed(way.items()))
            for target in targets:
                if target in way:
                    back.add((node, target))
                elif target not in seen:
                    seen.add(target)
                    way[target] = iter(following[target])
                    break
            else:
                del way[node]
    return back


def _ranks(nodes: list[Node], edges: Sequence[Edge]) -> dict[Node, int]:
    """Each node's layer: one below the lowest of those that lead to it."""
    ranks = dict.fromkeys(nodes, 0)
    following = defaultdict(list)
    waiting = Counter(target for _, target in edges)
    for source, target in edges:
        following[source].append(target)
    ready = [node for node in nodes if not waiting[node]]
    for node in ready:
        for target in following[node]:
            ranks[target] = max(ranks[target], ranks[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return ranks


def _chain(edge: Edge, ranks: dict[Node, int], is_back: bool) -> list[Node]:
    """An edge's ends from top to bottom, with a place to pass through in each layer between them."""
    upper, lower = edge[::-1] if is_back else edge
    return [upper, *((edge, rank) for rank in range(ranks[upper] + 1, ranks[lower])), lower]


def _layers(
    sizes: dict[Node, Point], ranks: dict[Node, int], chains: dict[Edge, list[Node]]
) -> tuple[list[list[Node]], dict[Node, Point]]:
    layers: list[list[Node]] = [[] for _ in range(max(ranks.values()) + 1)]
    for node, rank in ranks.items():
        layers[rank].append(node)
    sizes = dict(sizes)
    for chain in chains.values():
        for step, place in enumerate(chain[1:-1], ranks[chain[0]] + 1):
            layers[step].append(place)
            sizes[place] = (PLACE, 0.0)
    return layers, sizes


def _neighbours(chains: dict[Edge, list[Node]]) -> dict[Node, list[Node]]:
    neighbours = defaultdict(list)
    for chain in chains.values():
        for upper, lower in itertools.pairwise(chain):
            neighbours[upper].append(lower)
            neighbours[lower].append(upper)
    return neighbours


def _order(layers: list[list[Node]], neighbours: dict[Node, list[Node]]) -> None:
    """Sort each layer by the mean place of its nodes' neighbours in the layer before, down and up in turn."""
    for sweep in range(SWEEPS):
        ordered = layers if sweep % 2 == 0 else layers[::-1]
        for before, layer in itertools.pairwise(ordered):
            places = {node: place for place, node in enumerate(before)}
            own = {node: float(place) for place, node in enumerate(layer)}
            for node in layer:
                near = [places[other] for other in neighbours[node] if other in places]
                own[node] = sum(near) / len(near) if near else own[node]
            layer.sort(key=own.__getitem__)


def _across(
    layers: list[list[Node]], sizes: dict[Node, Point], neighbours: dict[Node, list[Node]]
) -> dict[Node, float]:
    """Each node's place across: as near to the mean of its neighbours as the order of its layer allows."""
    across = {node: 0.0 for layer in layers for node in layer}
    for sweep in range(2 * SWEEPS):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = [_mean([across[other] for other in neighbours[node]]) for node in layer]
            offsets = [0.0]
            for left, right in itertools.pairwise(layer):
                offsets.append(offsets[-1] + (sizes[left][0] + sizes[right][0]) / 2 + GAP_ACROSS)
            free = _increasing([want - offset for want, offset in zip(wanted, offsets, strict=True)])
            across.update(
                zip(layer, (place + offset for place, offset in zip(free, offsets, strict=True)), strict=True)
            )
    return across


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _increasing(values: list[float]) -> list[float]:
    """The increasing numbers nearest to these (isotonic regression: neighbours out of order share their mean)."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        block = (value, 1)
        while blocks and blocks[-1][0] > block[0]:
            mean, count = blocks.pop()
            block = ((mean * count + block[0] * block[1]) / (count + block[1]), count + block[1])
        blocks.append(block)
    return [mean for mean, count in blocks for _ in range(count)]


def _down(layers: list[list[Node]], sizes: dict[Node, Point]) -> tuple[dict[Node, float], dict[Node, float]]:
    """Where the middle of each node's layer is, and how high the layer is."""
    down, heights, top = {}, {}, 0.0
    for layer in layers:
        height = max(sizes[node][1] for node in layer)
        down.update(dict.fromkeys(layer, top + height / 2))
        heights.update(dict.fromkeys(layer, height))
        top += height + GAP_DOWN
    return down, heights


def _route(
    chain: list[Node],
    centres: dict[Node, Point],
    sizes: dict[Node, Point],
    heights: dict[Node, float],
    is_back: bool,
) -> list[Point]:
    """From the edge of the first node to the edge of the last; it moves across between layers only, past all nodes.

    An edge that leads back keeps to the right of the middle, so that it does not lie upon one that goes down.
    """
    points = []
    for number, node in enumerate(chain):
        (x, y), half = centres[node], heights[node] / 2
        if number in (0, len(chain) - 1):
            x += min(BESIDE, sizes[node][0] / 4) if is_back else 0
        above = y + sizes[node][1] / 2 if number == 0 else y - half
        below = y - sizes[node][1] / 2 if number == len(chain) - 1 else y + half
        points += [(x, above), (x, below)]
    points = list(dict.fromkeys(points))
    return points[::-1] if is_back else points
