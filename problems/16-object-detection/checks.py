"""What 16-object-detection is judged on."""

import torch
from hypothesis import strategies as some

from judge.checks import check, gradients

THRESHOLDS = [0.0, 0.25, 0.3571, 0.5, 0.7071, 1.0]  # exact in binary, or far from every fraction of small numbers


def boxes_of(make, count, size=1.0):
    """Boxes with corners anywhere and sides from 0.2 to 1, times `size`."""
    corner = make.uniform(count, 2)
    return torch.cat([corner, corner + 0.2 + 0.8 * make.uniform(count, 2)], 1) * size


def grid_boxes(make, count, sides=(1, 6)):
    """Boxes with small whole numbers: their overlaps are fractions, the same in every precision."""
    corner = make.integers(0, 4, count, 2)
    return torch.cat([corner, corner + make.integers(*sides, count, 2)], 1).to(make.dtype)


def grid_scores(make, count, levels=None):
    """Scores without equals, or of few levels."""
    if levels is None:
        return (make.permutation(count) + 1).to(make.dtype) / 64
    return (make.integers(0, levels, count) + 1).to(make.dtype) / 8


def outlines(boxes, side=48):
    """A picture (side, side) of boxes with corners from 0 to 12: their edges, the later ones brighter."""
    across = (torch.arange(side, device=boxes.device) + 0.5) * 12 / side
    x1, y1, x2, y2 = boxes[:, :, None, None].unbind(1)  # each (N, 1, 1)
    depth = torch.minimum(
        torch.minimum(across - x1, x2 - across), torch.minimum(across[:, None] - y1, y2 - across[:, None])
    )
    edges = (depth > 0) & (depth < 12 / side)  # (N, side, side)
    brightness = 0.5 + 0.5 * torch.arange(1, len(boxes) + 1, device=boxes.device).to(boxes.dtype) / len(boxes)
    return (edges * brightness[:, None, None]).amax(0)


@check("shape", points=10, tag="edge")
def works_on_nothing(solution, make):
    """No boxes, no predictions, no truths: empty results, 0 and nan."""
    none, three = make.normal(0, 4), grid_boxes(make, 3)
    no_scores, scores = make.normal(0), grid_scores(make, 3)
    return {
        "box_iou": lambda: [solution.box_iou(none, three), solution.box_iou(three, none), solution.box_iou(none, none)],
        "nms": lambda: solution.nms(none, no_scores, 0.5),
        "encode, decode": lambda: [solution.encode_boxes(none, none), solution.decode_boxes(none, none)],
        "no predictions": lambda: solution.average_precision(none, no_scores, three),
        "no truths": lambda: solution.average_precision(three, scores, none),
    }


@check("values", points=15, part="box_iou", rows=some.integers(1, 4), columns=some.integers(1, 4))
def measures_the_overlap(solution, make, rows, columns):
    """Overlap of all pairs: apart, touching, tiny, across 0; a union of 0 gives 0."""
    iou = solution.box_iou

    def points():
        corner = make.integers(0, 3, rows, 2).to(make.dtype)
        empty = torch.cat([corner, corner], 1)
        return [iou(empty, empty), iou(empty, grid_boxes(make, columns))]

    return {
        "anywhere": lambda: iou(boxes_of(make, rows), boxes_of(make, columns)),
        "grid": lambda: iou(grid_boxes(make, rows), grid_boxes(make, columns)),
        "apart": lambda: iou(boxes_of(make, rows), boxes_of(make, columns) + 3),
        "tiny": lambda: iou(boxes_of(make, rows, 5e-3), boxes_of(make, columns, 5e-3)),  # sides from 0.001
        "large": lambda: iou(boxes_of(make, rows, 1e4), boxes_of(make, columns, 1e4)),
        "across 0": lambda: iou(boxes_of(make, rows) - 1, boxes_of(make, columns) - 1),
        "union 0": points,
    }


@check(
    "values",
    points=20,
    part="nms",
    count=some.integers(1, 10),
    iou_threshold=some.sampled_from(THRESHOLDS),
    examples=16,
    pictures=["a scene, drawn"],
)
def keeps_the_best_boxes(solution, make, count, iou_threshold):
    """Which boxes stay, by falling score; equal scores, equal boxes, overlap at the threshold."""

    def chain():  # neighbours overlap by 1/2, the others by less: every other one stays
        left = torch.arange(count + 2, device=make.device).to(make.dtype)
        boxes = torch.stack([left, left * 0, left + 3, left * 0 + 2], 1)
        return solution.nms(boxes, -left, 0.3571)

    def copies(number):
        return solution.nms(grid_boxes(make, 1).repeat(number, 1), make.tensor([0.5] * number), 0.7071)

    def a_scene():
        boxes = grid_boxes(make, count, (4, 9))
        return outlines(boxes[solution.nms(boxes, grid_scores(make, count), iou_threshold)])

    return {
        "scores differ": lambda: solution.nms(grid_boxes(make, count), grid_scores(make, count), iou_threshold),
        "equal scores": lambda: solution.nms(grid_boxes(make, count), grid_scores(make, count, 2), iou_threshold),
        "empty boxes": lambda: solution.nms(grid_boxes(make, count, (0, 2)), grid_scores(make, count), iou_threshold),
        "chain": chain,
        "copies": lambda: copies(count),
        "many copies": lambda: copies(40),  # unstable sorts show at 17
        "overlap equals the threshold": lambda: solution.nms(
            make.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 1.0, 2.0], [1.0, 0.0, 2.0, 1.0]]), grid_scores(make, 3), 0.5
        ),
        "a scene, drawn": a_scene,
    }


@check("values", points=15, part="box-deltas", count=some.integers(1, 5))
def encodes_and_decodes(solution, make, count):
    """Offsets and log ratios, and back, also for boxes far larger or smaller."""

    def back():
        boxes, anchors = boxes_of(make, count), boxes_of(make, count)
        return solution.decode_boxes(solution.encode_boxes(boxes, anchors), anchors)

    return {
        "encode": lambda: solution.encode_boxes(boxes_of(make, count, 2.0), boxes_of(make, count)),
        "decode": lambda: solution.decode_boxes(make.normal(count, 4), boxes_of(make, count)),
        "there and back": back,
        "far smaller": lambda: solution.encode_boxes(boxes_of(make, count, 1e-3), boxes_of(make, count)),
        "far larger": lambda: solution.decode_boxes(make.normal(count, 4) + 6, boxes_of(make, count)),
    }


@check(
    "values",
    points=20,
    part="average_precision",
    predictions=some.integers(1, 9),
    truths=some.integers(1, 5),
    iou_threshold=some.sampled_from([0.25, 0.3571, 0.5]),
    examples=16,
)
def averages_the_precision(solution, make, predictions, truths, iou_threshold):
    """Average precision: matching by score and overlap, each truth once, monotone precision."""
    average = solution.average_precision

    def detections():
        """Truths, and predictions that sit on one of them or one step beside it."""
        truth = grid_boxes(make, truths, (2, 6))
        chosen = truth[make.integers(0, truths, predictions)]
        moved = torch.cat([make.integers(-1, 2, predictions, 2), make.integers(0, 2, predictions, 2)], 1)
        return chosen + moved.to(make.dtype), truth

    def case(levels=None):
        boxes, truth = detections()
        return average(boxes, grid_scores(make, predictions, levels), truth, iou_threshold)

    def exact():
        half = make.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 1.0, 2.0]])
        apart = average(half[:1], grid_scores(make, 1), half[1:] + 5, 0.0)
        return [average(half[:1], grid_scores(make, 1), half[1:], share) for share in (0.5, 0.25, 0.75)] + [apart]

    def many_equal():  # the first of 40 is a hit; unstable sorts show at 17
        truth = grid_boxes(make, 1)
        return average(torch.cat([truth, (truth + 9).repeat(39, 1)]), make.tensor([0.5] * 40), truth)

    def default():  # overlaps of 1/2 and, just below it, of 60/121
        truth, just_below = make.tensor([[0.0, 0.0, 11.0, 11.0]]), make.tensor([[0.0, 0.0, 10.0, 6.0]])
        half, one = make.tensor([[0.0, 0.0, 11.0, 5.5]]), make.tensor([0.5])
        return [average(half, one, truth), average(just_below, one, truth)]

    def equal_overlaps():  # the better prediction fits both truths equally, the other one fits only one of them
        boxes = make.tensor([[1.0, 0.0, 3.0, 1.0], [0.0, 0.0, 2.0, 1.0]])
        truth = make.tensor([[0.0, 0.0, 2.0, 1.0], [2.0, 0.0, 4.0, 1.0]])
        return [average(boxes, make.tensor([0.5, 0.25]), order, 0.25) for order in (truth, truth.flip(0))]

    def logits():
        boxes, truth = detections()
        return average(boxes, grid_scores(make, predictions) - 1, truth, iou_threshold)

    def by_hand():
        box = make.tensor([[0.0, 0.0, 4.0, 3.0], [0.0, 0.0, 4.0, 2.0], [0.0, 0.0, 4.0, 4.0], [9.0, 9.0, 10.0, 10.0]])
        truth = box[:2]
        halves = make.tensor([[0.0, 0.0, 4.0, 2.0], [0.0, 2.0, 4.0, 4.0]])
        lower = make.tensor([[0.0, 0.0, 10.0, 4.875], [0.0, 0.0, 10.0, 10.0]])
        tall, flat, taller, apart = range(4)
        return {
            "equal overlaps": [
                average(torch.cat([box[[taller]], halves[[other]]]), make.tensor([0.5, 0.25]), halves)
                for other in (0, 1)
            ],
            "iou_threshold is 0.5": average(lower[:1], make.tensor([0.5]), lower[1:]),
            "one is left": average(box[[flat, flat, flat]], make.tensor([0.5, 0.25, 0.375]), truth),
            "the better fit": average(box[[flat, taller]], make.tensor([0.5, 0.25]), truth, 0.6),
            "miss, hit, hit": average(box[[tall, flat, apart]], make.tensor([0.25, 0.5, 0.75]), truth),
            "hit, miss, hit": average(box[[tall, flat, apart]], make.tensor([0.25, 0.75, 0.5]), truth),
        }

    return {
        "scores differ": case,
        "equal scores": lambda: case(2),
        "many equal scores": many_equal,
        "scores below 0": logits,
        "overlap equals the threshold": exact,
        "overlap at the default threshold": default,
        "equal overlaps": equal_overlaps,
        "by hand": by_hand,
    }


@check("values", points=5, tag="edge")
def keeps_types_and_inputs(solution, make):
    """Inputs stay as they are; device and type follow them, the type of AP the scores."""
    boxes, anchors, scores = boxes_of(make, 5), boxes_of(make, 5), grid_scores(make, 5)

    def unchanged():
        before = [boxes.clone(), anchors.clone(), scores.clone()]
        solution.box_iou(boxes, anchors)
        solution.nms(boxes, scores, 0.5)
        solution.decode_boxes(solution.encode_boxes(boxes, anchors), anchors)
        solution.average_precision(boxes, scores, anchors)
        return [after - first for after, first in zip((boxes, anchors, scores), before, strict=True)]

    def stays_on_the_device():
        results = [
            solution.box_iou(boxes, anchors),
            solution.nms(boxes, scores, 0.5),
            solution.nms(boxes[:0], scores[:0], 0.5),
            solution.encode_boxes(boxes, anchors),
            solution.decode_boxes(boxes, anchors),
            solution.average_precision(boxes, scores, anchors),
            solution.average_precision(boxes[:0], scores[:0], anchors),
            solution.average_precision(boxes, scores, anchors[:0]),
        ]
        return [result.device == boxes.device for result in results]

    return {
        "unchanged": unchanged,
        "device": stays_on_the_device,
        "float64": lambda: [
            solution.box_iou(boxes.double(), anchors.double()),
            solution.encode_boxes(boxes.double(), anchors.double()),
            solution.decode_boxes(boxes.double(), anchors.double()),
        ],
        "nms, float64 scores": lambda: solution.nms(
            boxes[:2].double(), torch.tensor([0.5, 0.5 + 1e-12], dtype=torch.float64, device=make.device), 1.0
        ),
        "AP, float64 scores": lambda: solution.average_precision(boxes, scores.double(), boxes[1:]),
        "AP, float32 scores": lambda: solution.average_precision(boxes.double(), scores.float(), boxes[1:].double()),
        "AP, no truths": lambda: [
            solution.average_precision(boxes, scores.double(), boxes[:0]),
            solution.average_precision(boxes.double(), scores.float(), boxes[:0].double()),
        ],
        "AP, no predictions": lambda: [
            solution.average_precision(boxes[:0], scores[:0].double(), boxes),
            solution.average_precision(boxes[:0].double(), scores[:0].float(), boxes.double()),
        ],
    }


@check("gradient", points=10, count=some.integers(1, 4))
def lets_gradients_through(solution, make, count):
    """Gradients of overlap, encoding and decoding; finite where the union is 0."""

    def through(function, *inputs):
        leaves = [leaf.detach().requires_grad_() for leaf in inputs]
        out = function(*leaves)
        (out * make.normal(*out.shape)).sum().backward()
        return gradients(first=leaves[0], second=leaves[1])

    def with_points():
        point = make.tensor([[0.75, 0.5, 0.75, 0.5]])
        return through(
            solution.box_iou, torch.cat([boxes_of(make, count), point]), torch.cat([point, boxes_of(make, count)])
        )

    return {
        "box_iou": lambda: through(solution.box_iou, boxes_of(make, count), boxes_of(make, count)),
        "box_iou, union 0": with_points,
        "encode": lambda: through(solution.encode_boxes, boxes_of(make, count), boxes_of(make, count)),
        "decode": lambda: through(solution.decode_boxes, make.normal(count, 4), boxes_of(make, count)),
    }


@check("timing", points=5, limit=25.0, part="nms")
def suppresses_200_boxes(solution, make):
    """Time of nms for 200 boxes, against the reference's."""
    corner = make.uniform(200, 2, high=8)  # about a third of the boxes stay
    boxes = torch.cat([corner, corner + 1.2 + 0.2 * make.uniform(200, 2)], 1)
    scores = (make.permutation(200) + 1).to(make.dtype) / 256
    return lambda: solution.nms(boxes, scores, 0.3)
