"""All overlaps at once for nms, coordinates one by one, average precision as an integral over a list of points."""

import torch


def box_iou(a, b):
    ax1, ay1, ax2, ay2 = (column[:, None] for column in a.unbind(1))
    bx1, by1, bx2, by2 = b.unbind(1)
    shared = torch.relu(torch.min(ax2, bx2) - torch.max(ax1, bx1)) * torch.relu(
        torch.min(ay2, by2) - torch.max(ay1, by1)
    )
    total = (bx2 - bx1) * (by2 - by1) + (ax2 - ax1) * (ay2 - ay1) - shared
    some = total > 0
    result = torch.zeros_like(total)
    result[some] = shared[some] / total[some]
    return result


def nms(boxes, scores, iou_threshold):
    order = torch.sort(-scores, stable=True).indices
    sorted_boxes = boxes[order]
    clash = (box_iou(sorted_boxes, sorted_boxes) > iou_threshold).cpu()
    alive = torch.ones(len(order), dtype=torch.bool)
    for rank in range(len(order)):
        if alive[rank]:
            alive[rank + 1 :] &= ~clash[rank, rank + 1 :]
    return order[alive.to(order.device)]


def encode_boxes(boxes, anchors):
    (x1, y1, x2, y2), (left, top, right, bottom) = boxes.T, anchors.T
    width, height = right - left, bottom - top
    dx = (x1 + 0.5 * (x2 - x1) - left - 0.5 * width) / width
    dy = (y1 + 0.5 * (y2 - y1) - top - 0.5 * height) / height
    return torch.stack([dx, dy, (x2 - x1).log() - width.log(), (y2 - y1).log() - height.log()], dim=-1)


def decode_boxes(deltas, anchors):
    (dx, dy, dw, dh), (left, top, right, bottom) = deltas.T, anchors.T
    width, height = right - left, bottom - top
    x, y = left + (dx + 0.5) * width, top + (dy + 0.5) * height
    half_width, half_height = 0.5 * width * dw.exp(), 0.5 * height * dh.exp()
    return torch.stack([x - half_width, y - half_height, x + half_width, y + half_height], dim=-1)


def average_precision(boxes, scores, truth, iou_threshold=0.5):
    count = truth.shape[0]
    if count == 0:
        return torch.tensor(float("nan"), dtype=scores.dtype, device=scores.device)
    overlaps = box_iou(boxes, truth).tolist()
    values = scores.tolist()
    taken, points, found = set(), [], 0
    for seen, index in enumerate(sorted(range(len(values)), key=lambda i: (-values[i], i)), start=1):
        choices = [
            (-overlaps[index][j], j) for j in range(count) if j not in taken and overlaps[index][j] >= iou_threshold
        ]
        if choices:
            taken.add(min(choices)[1])
            found += 1
            points.append(found / seen)
    result, best = 0.0, 0.0
    for precision in reversed(points):
        best = max(best, precision)
        result += best / count
    return torch.tensor(result, dtype=scores.dtype, device=scores.device)
