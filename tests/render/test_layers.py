"""Tests for laying out a graph in layers: nothing overlaps, arrows go down, few cross, whatever the graph."""

import itertools
import random

import pytest

from lab_harness.render.layers import GAP_ACROSS, GAP_DOWN, Layout, _increasing, _order, lay_out

SIZE = (60.0, 30.0)


def graph(text):
    """Edges from "a>b b>c": two ends each."""
    return [tuple(edge.split(">")) for edge in text.split()]


def laid_out(text, **sizes):
    edges = graph(text)
    nodes = dict.fromkeys(itertools.chain.from_iterable(edges), SIZE)
    return lay_out(nodes | sizes, edges), nodes | sizes


def overlapping(layout: Layout, sizes):
    def box(node):
        (x, y), (width, height) = layout.centres[node], sizes[node]
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2

    for one, two in itertools.combinations(sizes, 2):
        (left, top, right, bottom), (left2, top2, right2, bottom2) = box(one), box(two)
        if left < right2 and left2 < right and top < bottom2 and top2 < bottom:
            yield one, two


def crossings(layers, edges):
    """How often edges between neighbouring layers cross."""
    place = {node: number for layer in layers for number, node in enumerate(layer)}
    rank = {node: number for number, layer in enumerate(layers) for node in layer}
    pairs = itertools.combinations(edges, 2)
    return sum(rank[a] == rank[c] and (place[a] - place[c]) * (place[b] - place[d]) < 0 for (a, b), (c, d) in pairs)


def check(layout, sizes, edges):
    """What must hold of every layout."""
    assert list(overlapping(layout, sizes)) == []
    assert layout.routes.keys() == set(edges)
    for node, (width, height) in sizes.items():
        x, y = layout.centres[node]
        assert width / 2 - 0.01 <= x <= layout.width - width / 2 + 0.01
        assert height / 2 - 0.01 <= y <= layout.height - height / 2 + 0.01
    for (source, target), route in layout.routes.items():
        assert all(-0.01 <= x <= layout.width + 0.01 and -0.01 <= y <= layout.height + 0.01 for x, y in route)
        for node, (x, y) in ((source, route[0]), (target, route[-1])):
            assert abs(x - layout.centres[node][0]) <= sizes[node][0] / 2
            assert abs(abs(y - layout.centres[node][1]) - sizes[node][1] / 2) < 0.01
        passed_through = [node for node in sizes if node not in (source, target) and hits(node, route, layout, sizes)]
        assert passed_through == []


def hits(node, route, layout, sizes):
    """Whether a route goes through a box: its corners lie on it, or it goes straight down across it."""
    (x, y), (width, height) = layout.centres[node], sizes[node]
    inside = [p for p in route if abs(p[0] - x) < width / 2 - 0.01 and abs(p[1] - y) < height / 2 - 0.01]
    across = [
        1
        for (x1, y1), (x2, y2) in itertools.pairwise(route)
        if abs(x1 - x) < width / 2 and abs(x2 - x) < width / 2 and min(y1, y2) < y < max(y1, y2)
    ]
    return bool(inside or across)


def test_one_node_is_as_large_as_itself():
    layout = lay_out({"a": SIZE}, [])
    assert layout == Layout({"a": (30, 15)}, {}, 60, 30)


def test_two_nodes_stand_below_each_other():
    layout, _ = laid_out("a>b")
    assert layout.centres == {"a": (30, 15), "b": (30, 45 + GAP_DOWN)}
    assert layout.routes == {("a", "b"): [(30, 30), (30, 30 + GAP_DOWN)]}
    assert (layout.width, layout.height) == (60, 60 + GAP_DOWN)


def test_nodes_that_nothing_joins_stand_side_by_side():
    sizes = dict.fromkeys("abc", SIZE)
    layout = lay_out(sizes, [])
    assert sorted(layout.centres.values()) == [(30, 15), (90 + GAP_ACROSS, 15), (150 + 2 * GAP_ACROSS, 15)]
    check(layout, sizes, [])


def test_edge_past_a_layer_makes_way_for_what_stands_there():
    layout, sizes = laid_out("a>b b>c a>c", b=(200.0, 90.0))
    check(layout, sizes, graph("a>b b>c a>c"))
    assert len(layout.routes["a", "c"]) > 2


def test_edge_moves_across_between_layers_only():
    layout, sizes = laid_out("a>tall a>low low>b tall>end b>end a>end", tall=(80.0, 300.0), low=(40.0, 20.0))
    check(layout, sizes, graph("a>tall a>low low>b tall>end b>end a>end"))
    middle = layout.centres["tall"][1]
    for route in layout.routes.values():
        for (x1, y1), (x2, y2) in itertools.pairwise(route):
            if min(y1, y2) < middle < max(y1, y2):
                assert x1 == x2


def test_each_edge_goes_down_without_cycles():
    layout, _ = laid_out("a>b a>c b>d c>d d>e a>e")
    for route in layout.routes.values():
        assert all(upper[1] <= lower[1] for upper, lower in itertools.pairwise(route))


def test_edge_that_leads_back_goes_up_beside_the_one_that_goes_down():
    layout, sizes = laid_out("a>b b>a")
    down, up = layout.routes["a", "b"], layout.routes["b", "a"]
    check(layout, sizes, graph("a>b b>a"))
    assert down[0][1] < down[-1][1]
    assert up[0][1] > up[-1][1]
    assert {x for x, _ in down}.isdisjoint({x for x, _ in up})


def test_long_way_back_goes_up():
    edges = graph("a>b b>c c>d d>b")
    layout, sizes = laid_out("a>b b>c c>d d>b")
    check(layout, sizes, edges)
    assert layout.centres["b"][1] < layout.centres["c"][1] < layout.centres["d"][1]
    route = layout.routes["d", "b"]
    assert all(lower[1] >= upper[1] for lower, upper in itertools.pairwise(route))


def test_node_that_leads_to_itself_gets_a_loop():
    edges = graph("a>a a>b")
    layout, sizes = laid_out("a>a a>b")
    check(layout, sizes, edges)
    loop = layout.routes["a", "a"]
    assert loop[0][1] == loop[-1][1] == 30
    assert max(y for _, y in loop) > 30


def test_edge_that_is_given_twice_is_one():
    layout, _ = laid_out("a>b a>b b>a b>a a>a a>a")
    assert set(layout.routes) == {("a", "b"), ("b", "a"), ("a", "a")}


def test_parents_stand_over_the_middle_of_their_children():
    layout, _ = laid_out("root>a root>b root>c")
    assert layout.centres["root"][0] == pytest.approx(layout.centres["b"][0], abs=1)


def test_order_removes_crossings():
    layers = [["a", "b", "c"], ["x", "y", "z"], ["1", "2", "3"]]
    edges = graph("a>z b>y c>x x>1 y>3 z>2")
    assert crossings(layers, edges) == 4
    neighbours = {node: [] for layer in layers for node in layer}
    for upper, lower in edges:
        neighbours[upper].append(lower)
        neighbours[lower].append(upper)
    _order(layers, neighbours)
    assert crossings(layers, edges) == 0


def test_chain_of_2000_nodes_is_laid_out():
    nodes = [f"n{number}" for number in range(2000)]
    edges = list(itertools.pairwise(nodes))
    layout = lay_out(dict.fromkeys(nodes, SIZE), [*edges, (nodes[-1], nodes[0])])
    assert layout.centres[nodes[-1]][1] == pytest.approx(1999 * (30 + GAP_DOWN) + 15)
    assert layout.routes[nodes[-1], nodes[0]][-1][1] == 30


def test_layout_is_the_same_each_time_and_leaves_what_it_is_given():
    sizes = dict.fromkeys("abcde", SIZE)
    edges = graph("a>b a>c b>d c>d d>a d>e")
    first = lay_out(sizes, edges)
    assert first == lay_out(sizes, edges)
    assert sizes == dict.fromkeys("abcde", SIZE)
    assert len(edges) == 6


@pytest.mark.parametrize("seed", range(30))
def test_any_graph_is_laid_out(seed):
    chance = random.Random(seed)
    nodes = [f"n{number}" for number in range(chance.randint(1, 14))]
    sizes = {node: (chance.uniform(18, 200), chance.uniform(10, 250)) for node in nodes}
    edges = [(chance.choice(nodes), chance.choice(nodes)) for _ in range(chance.randint(0, 20))]
    check(lay_out(sizes, edges), sizes, edges)


def best_increasing(values):
    """The increasing numbers nearest to these, by trying each way to cut them into blocks that share their mean."""
    candidates = []
    for cuts in itertools.product([False, True], repeat=len(values) - 1):
        blocks = [[values[0]]]
        for value, cut in zip(values[1:], cuts, strict=True):
            blocks.append([value]) if cut else blocks[-1].append(value)
        found = [sum(block) / len(block) for block in blocks for _ in block]
        if all(one <= two for one, two in itertools.pairwise(found)):
            candidates.append(found)
    return min(candidates, key=lambda found: sum((a - b) ** 2 for a, b in zip(found, values, strict=True)))


@pytest.mark.parametrize("seed", range(20))
def test_increasing_numbers_are_the_nearest(seed):
    chance = random.Random(seed)
    values = [float(chance.randint(-9, 9)) for _ in range(chance.randint(1, 9))]
    assert _increasing(values) == pytest.approx(best_increasing(values))


def test_increasing_numbers_stay_and_none_are_none():
    assert _increasing([1.0, 1.0, 2.5]) == [1.0, 1.0, 2.5]
    assert _increasing([]) == []
