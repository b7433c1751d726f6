"""torchvision's boxes, and average precision the way the VOC development kit integrates it."""

import math

import numpy
import torch
from torchvision import ops
from torchvision.models.detection._utils import BoxCoder
from torchvision.ops.boxes import _box_inter_union

CODER = BoxCoder((1.0, 1.0, 1.0, 1.0), bbox_xform_clip=math.inf)


def box_iou(a, b):
    intersection, union = _box_inter_union(a, b)
    return intersection / union.masked_fill(union == 0, 1.0)


def nms(boxes, scores, iou_threshold):
    return ops.nms(boxes.double(), scores.double(), iou_threshold)  # it wants one dtype for both


def encode_boxes(boxes, anchors):
    return CODER.encode_single(boxes, anchors)


def decode_boxes(deltas, anchors):
    return CODER.decode_single(deltas, anchors)


def average_precision(boxes, scores, truth, iou_threshold=0.5):
    if len(truth) == 0:
        return torch.tensor(math.nan, dtype=scores.dtype)
    overlaps = box_iou(boxes, truth).detach().double().numpy()
    right = []
    for row in numpy.argsort(-scores.detach().numpy(), kind="stable"):
        best = int(overlaps[row].argmax())
        right.append(overlaps[row, best] >= iou_threshold)
        if right[-1]:
            overlaps[:, best] = -1.0
    true, false = numpy.cumsum(right), numpy.cumsum(~numpy.array(right, dtype=bool))
    recall = numpy.concatenate([[0.0], true / len(truth), [1.0]])
    precision = numpy.concatenate([[0.0], true / numpy.maximum(true + false, 1), [0.0]])
    precision = numpy.maximum.accumulate(precision[::-1])[::-1]
    steps = numpy.where(recall[1:] != recall[:-1])[0]
    return torch.tensor(((recall[steps + 1] - recall[steps]) * precision[steps + 1]).sum(), dtype=scores.dtype)
