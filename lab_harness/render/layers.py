"""Lays out a directed graph in layers, from top to bottom, so that arrows go down and seldom cross.

The usual way (Sugiyama, Tagawa, Toda 1981): break cycles, give each node a layer, order each layer by the middle of a
node's neighbours, then move nodes under their neighbours as far as their order allows.
"""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab_harness.render.svg import Point

Node = Any  # hashable
Edge = tuple[Node, Node]

GAP_ACROSS, GAP_DOWN = 28.0, 30.0  # pixels between nodes, between layers
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
    forward = _without_cycles(list(sizes), edges)
    ranks = _ranks(list(sizes), forward)
    chains = {edge: _chain(edge, ranks) for edge in dict.fromkeys(forward)}
    layers, sizes = _layers(sizes, ranks, chains)
    neighbours = _neighbours(chains)
    _order(layers, neighbours)
    across = _across(layers, sizes, neighbours)
    down = _down(layers, sizes)
    left = min(across[node] - sizes[node][0] / 2 for node in across)
    centres = {node: (across[node] - left, down[node]) for layer in layers for node in layer}
    routes = {}
    for edge in dict.fromkeys(edges):
        downward = edge in chains
        chain = chains[edge] if downward else chains[edge[1], edge[0]][::-1]
        routes[edge] = _route(chain, centres, sizes, downward)
    right = max(x + sizes[node][0] / 2 for node, (x, _) in centres.items())
    bottom = max(y + sizes[node][1] / 2 for node, (_, y) in centres.items())
    return Layout(centres, routes, right, bottom)


def _without_cycles(nodes: list[Node], edges: Sequence[Edge]) -> list[Edge]:
    """The edges, those turned round that lead back to a node on the way to them."""
    following = defaultdict(list)
    for source, target in edges:
        following[source].append(target)
    seen: set[Node] = set()
    on_way: set[Node] = set()
    back: set[Edge] = set()

    def visit(node: Node) -> None:
        seen.add(node)
        on_way.add(node)
        for target in following[node]:
            if target in on_way:
                back.add((node, target))
            elif target not in seen:
                visit(target)
        on_way.discard(node)

    for node in nodes:
        if node not in seen:
            visit(node)
    return [(target, source) if (source, target) in back else (source, target) for source, target in edges
            if source != target]  # fmt: skip


def _ranks(nodes: list[Node], edges: Sequence[Edge]) -> dict[Node, int]:
    """Each node's layer: one below the lowest of those that lead to it."""
    ranks = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for source, target in edges:
            ranks[target] = max(ranks[target], ranks[source] + 1)
    return ranks


def _chain(edge: Edge, ranks: dict[Node, int]) -> list[Node]:
    """An edge's ends, with a place to pass through in each layer between them."""
    source, target = edge
    return [source, *((edge, rank) for rank in range(ranks[source] + 1, ranks[target])), target]


def _layers(
    sizes: dict[Node, Point], ranks: dict[Node, int], chains: dict[Edge, list[Node]]
) -> tuple[list[list[Node]], dict[Node, Point]]:
    layers: list[list[Node]] = [[] for _ in range(max(ranks.values()) + 1)]
    for node, rank in ranks.items():
        layers[rank].append(node)
    sizes = dict(sizes)
    for (source, _), chain in chains.items():
        for step, place in enumerate(chain[1:-1], ranks[source] + 1):
            layers[step].append(place)
            sizes[place] = (12.0, 0.0)
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


def _down(layers: list[list[Node]], sizes: dict[Node, Point]) -> dict[Node, float]:
    down, top = {}, 0.0
    for layer in layers:
        height = max(sizes[node][1] for node in layer)
        down.update(dict.fromkeys(layer, top + height / 2))
        top += height + GAP_DOWN
    return down


def _route(chain: list[Node], centres: dict[Node, Point], sizes: dict[Node, Point], downward: bool) -> list[Point]:
    """From the edge of the first node, through the places between, to the edge of the last."""
    side = 1 if downward else -1
    (x1, y1), (x2, y2) = centres[chain[0]], centres[chain[-1]]
    start, end = (x1, y1 + side * sizes[chain[0]][1] / 2), (x2, y2 - side * sizes[chain[-1]][1] / 2)
    return [start, *(centres[place] for place in chain[1:-1]), end]
