"""What 08-data-augmentation is judged on."""

import math

import torch
from hypothesis import strategies as some

from judge.checks import changes, check, gradients, outcome

SIZES = {
    "count": some.integers(1, 4),
    "channels": some.integers(1, 3),
    "height": some.integers(1, 5),
    "width": some.integers(1, 5),
}
CLASSES = 5


@check("shape", points=10, **SIZES)
def keeps_shapes_and_dtypes(solution, make, count, channels, height, width):
    """Shapes, dtype and device of all results, also in float64."""

    def kept(call, dtype=None):
        images = make.normal(count, channels, height, width, dtype=dtype)
        answer = call(images)
        answers = answer if isinstance(answer, tuple) else (answer,)
        return [(tensor.shape, tensor.new_zeros(())) for tensor in answers]  # the zero tells dtype and device

    calls = {
        "horizontal_flip": solution.horizontal_flip,
        "random_crop": lambda images: solution.random_crop(images, min(height, width) + 1, 1),
        "normalize": lambda images: solution.normalize(images, [0.5] * channels, [0.2] * channels),
        "mixup": lambda images: solution.mixup(images, make.integers(0, CLASSES, count), CLASSES, 0.3),
    }
    return {
        **{name: lambda call=call: kept(call) for name, call in calls.items()},
        **{f"{name}, float64": lambda call=call: kept(call, torch.float64) for name, call in calls.items()},
    }


def of_the_device(make):
    """A generator on the check's own device; those of `make` are on the CPU."""
    return torch.Generator(make.device)


@check("values", points=10, part="horizontal_flip", pictures=["p = 1", "p = 0"], **SIZES)
def mirrors_all_or_none(solution, make, count, channels, height, width):
    """p = 1 mirrors every image left to right, p = 0 none."""
    images = make.normal(count, channels, height, width)
    return {
        "p = 1": lambda: solution.horizontal_flip(images, 1.0),
        "p = 0": lambda: solution.horizontal_flip(images, 0.0),
        "p = 1, generator": lambda: solution.horizontal_flip(images, p=1.0, generator=make.generator()),
        "generator of the device": lambda: solution.horizontal_flip(images, 1.0, of_the_device(make)),
        "generator of the device, images on the CPU": lambda: solution.horizontal_flip(
            images.cpu(), 1.0, of_the_device(make)
        ).to(make.device),
    }


def chance(hits, count, p, sigmas=6.0):
    """Whether this many hits of `count` independent draws are believable for probability p."""
    return abs(hits - count * p) <= sigmas * math.sqrt(count * p * (1 - p)) + 1


def far_from_uniform(counts):
    """Whether counts of equally likely outcomes are unbelievable: chi-square, false-alarm rate below 1e-7."""
    expected, freedom = counts.double().mean(), len(counts) - 1
    chi_square = float(((counts - expected).square() / expected).sum())
    # Wilson and Hilferty: the cube root of chi-square / freedom is nearly normal.
    spread = 2 / (9 * freedom)
    return (chi_square / freedom) ** (1 / 3) > 1 - spread + 5.5 * math.sqrt(spread)


def same_state_same_result(first, second, again, other):
    """What is wrong with four calls: twice from one generator, with a new one of the same state, of another state."""
    if not torch.equal(first, again):
        return "the same generator state gave two different results"
    if torch.equal(first, second):
        return "two calls with one generator gave the same draws: the generator did not move on"
    if torch.equal(first, other):
        return "generators of different states gave the same draws: the generator is not used"
    return None


def four_calls(make, call, calls=1):
    """`call(generator)` for `same_state_same_result`; what others draw in between must not matter."""
    generator = make.generator(1)
    first, second = call(generator), call(generator)
    torch.rand(3)
    return first, second, call(make.generator(1)), call(make.generator(2))


BATCH, CALLS = 6, 300
PIXELS = torch.arange(1.0, 13.0).view(1, 2, 2, 3)  # (1, C, H, W): all 12 numbers are different
COINS = (0.5, 0.2)


def coins_are_fair(evidence):
    for p, got in zip((0.5, *COINS), (evidence.got[0], *evidence.got[1]), strict=True):
        if not isinstance(got, torch.Tensor) or got.shape != (CALLS * BATCH, 2, 2, 3):
            return "horizontal_flip did not return tensors of the shape of its input"
        mirrored, kept = ((got == pixels).flatten(1).all(1) for pixels in (PIXELS.flip(3), PIXELS))
        if not bool((mirrored | kept).all()):
            return "some results are neither the image nor its mirror image (left to right, all channels alike)"
        heads = mirrored.view(CALLS, BATCH).double()
        if not chance(float(heads.sum()), CALLS * BATCH, p):
            return f"with p = {p}, {float(heads.mean()):.3f} of the images are mirrored"
        each = heads.sum(0)
        if not all(chance(hits, CALLS, p) for hits in each.tolist()):
            return f"with p = {p}, the places of the batch are mirrored in {[int(n) for n in each]} of {CALLS} calls"
        # The variance of the number of heads a call: BATCH p (1 - p) when the coins of a batch are independent.
        ratio = float(heads.sum(1).var()) / (BATCH * p * (1 - p))
        if abs(ratio - 1) > 6 * math.sqrt(2.6 / CALLS):
            what = "share their coin" if ratio > 1 else "are not independent: the number mirrored hardly varies"
            return f"the images of one batch {what}; each image draws for itself"
    return same_state_same_result(*evidence.got[2])


@check("values", points=15, part="horizontal_flip", judged_by=coins_are_fair)
def tosses_a_coin_for_each_image(solution, make):
    """Each image is mirrored or not by a coin of its own; the generator decides."""
    images = make.tensor(PIXELS).expand(BATCH, 2, 2, 3).contiguous()
    flip = solution.horizontal_flip
    # float32 holds these small numbers exactly, so that the judge can compare them
    by_default = torch.cat([flip(images) for _ in range(CALLS)]).float()
    drawn = []
    for p in COINS:
        generator = make.generator()
        drawn.append(torch.cat([flip(images, p, generator) for _ in range(CALLS)]).float())
    many = make.tensor(PIXELS).expand(100, 2, 2, 3).contiguous()
    return by_default, drawn, four_calls(make, lambda generator: flip(many, generator=generator))


@check(
    "values",
    points=10,
    part="random_crop",
    pictures=["no padding"],
    count=some.integers(1, 3),
    side=some.integers(1, 4),
    padding=some.integers(0, 2),
)
def crops_what_fits(solution, make, count, side, padding):
    """Where only one crop fits it is that one, zero padding included; too large a size: ValueError."""
    images, crop = make.normal(count, 2, side, side), solution.random_crop
    largest = side + 2 * padding
    wide, tall = make.normal(count, 2, side, side + 3), make.normal(count, 2, side + 3, side)
    return {
        "only one fits": lambda: [outcome(crop, images, largest, padding)],
        "only one fits, generator": lambda: [
            outcome(crop, images, size=largest, padding=padding, generator=make.generator())
        ],
        "generator of the device": lambda: crop(images, largest, padding, of_the_device(make)),
        "generator of the device, images on the CPU": lambda: crop(
            images.cpu(), largest, padding, of_the_device(make)
        ).to(make.device),
        "no padding": lambda: crop(images, side),
        "too large": lambda: outcome(crop, images, largest + 1, padding),
        "higher than the padded image": lambda: outcome(crop, wide, largest + 1, padding),
        "wider than the padded image": lambda: outcome(crop, tall, largest + 1, padding),
    }


HIGH, WIDE, SIZE = 3, 4, 3  # padded by 1: 5 x 6, so there are 3 x 4 corners
PICTURE = torch.arange(1.0, 25.0).view(1, 2, HIGH, WIDE)
DOWN, ACROSS = HIGH + 2 - SIZE + 1, WIDE + 2 - SIZE + 1


def corners_of(crops):
    """The corner (top * ACROSS + left) of every crop of PICTURE, -1 where it is none; crops (n, 2, SIZE, SIZE)."""
    padded = torch.nn.functional.pad(PICTURE[0], (1,) * 4)
    windows = padded.unfold(1, SIZE, 1).unfold(2, SIZE, 1).permute(1, 2, 0, 3, 4).flatten(0, 1)
    same = (crops[:, None] == windows[None]).flatten(2).all(2)  # (n, corners)
    return torch.where(same.any(1), same.double().argmax(1), -1)


def corners_are_uniform(evidence):
    for got in evidence.got[:2]:
        if not isinstance(got, torch.Tensor) or got.shape != (CALLS * BATCH, 2, SIZE, SIZE):
            return f"random_crop did not return tensors of shape (N, C, {SIZE}, {SIZE})"
        corners = corners_of(got)
        if bool((corners < 0).any()):
            return "some results are not a part of the zero-padded image (all channels alike)"
        counts = torch.bincount(corners, minlength=DOWN * ACROSS)
        if not bool(counts.all()):
            top, left = divmod(int(counts.argmin()), ACROSS)
            return f"the corner in row {top} and column {left} is never drawn, though a crop fits there"
        pairs = [
            (corner.view(CALLS, BATCH), choices)
            for corner, choices in ((corners // ACROSS, DOWN), (corners % ACROSS, ACROSS))
        ]
        for (corner, choices), what in zip(pairs, ("top", "left"), strict=True):
            for other in range(1, BATCH):
                equal = int((corner == corner.roll(other, 1))[:, 0].sum())
                if not chance(equal, CALLS, 1 / choices):
                    return (
                        f"two images of one batch have the same {what} in {equal} of {CALLS} calls, expected about "
                        f"{CALLS // choices}; each image draws its own corner"
                    )
        if far_from_uniform(counts):
            table = counts.view(DOWN, ACROSS).tolist()
            return f"the {DOWN} x {ACROSS} corners that fit should be equally likely, they were drawn {table} times"
    return same_state_same_result(*evidence.got[2])


@check("values", points=15, part="random_crop", judged_by=corners_are_uniform)
def draws_every_corner(solution, make):
    """Each image has its own corner, uniform over all that fit; the generator decides."""
    images, crop = make.tensor(PICTURE).expand(BATCH, 2, HIGH, WIDE).contiguous(), solution.random_crop
    by_default = torch.cat([crop(images, SIZE, 1) for _ in range(CALLS)]).float()
    generator = make.generator()
    drawn = torch.cat([crop(images, SIZE, 1, generator) for _ in range(CALLS)]).float()
    many = make.tensor(PICTURE).expand(100, 2, HIGH, WIDE).contiguous()
    return by_default, drawn, four_calls(make, lambda generator: crop(many, SIZE, 1, generator=generator))


@check("values", points=10, part="normalize", **SIZES)
def normalizes_each_channel(solution, make, count, channels, height, width):
    """One mean and one std a channel, as lists and as tuples."""
    images = make.normal(count, channels, height, width)
    mean = [0.25 * index - 0.5 for index in range(channels)]
    std = [0.5 * index + 0.25 for index in range(channels)]
    return {
        "lists": lambda: solution.normalize(images, mean, std),
        "tuples": lambda: solution.normalize(images, tuple(mean), tuple(std)),
        "as wide as there are channels": lambda: solution.normalize(
            make.normal(count, channels, channels, channels), mean, std
        ),
        "float64": lambda: solution.normalize(images.double(), mean, std),
    }


@check("gradient", points=5, part="normalize")
def lets_gradients_through(solution, make):
    """The gradient of the images below normalize."""
    images = make.normal(2, 3, 2, 4, requires_grad=True)
    (solution.normalize(images, [0.5, 0.4, 0.3], [0.2, 0.5, 2.0]) * make.normal(2, 3, 2, 4)).sum().backward()
    return gradients(images=images)


@check("values", points=5, part="mixup", count=some.integers(1, 4), examples=6)
def mixes_nothing_in(solution, make, count):
    """lam = 1, or equal images of one class: what comes back is known whatever is drawn."""
    images, labels = make.normal(count, 2, 2, 3), make.integers(0, CLASSES, count)
    equal, one_class = images[:1].expand(count, 2, 2, 3).contiguous(), labels[:1].expand(count).contiguous()

    def on_the_cpu():
        mixed = solution.mixup(equal.cpu(), one_class.cpu(), CLASSES, 0.25, of_the_device(make))
        return [part.to(make.device) for part in mixed]

    return {
        "lam = 1": lambda: solution.mixup(images, labels, CLASSES, 1.0),
        "all equal": lambda: solution.mixup(equal, one_class, CLASSES, 0.25),
        "all equal, generator": lambda: solution.mixup(equal, one_class, CLASSES, lam=0.25, generator=make.generator()),
        "generator of the device": lambda: solution.mixup(equal, one_class, CLASSES, 0.25, of_the_device(make)),
        "generator of the device, images on the CPU": on_the_cpu,
    }


ROWS, ORDERS = 3, 6  # 3 images have 6 orders
LABELS = (2, 0, 3)
SHARE = 0.75


def orders_are_permutations(evidence):
    tables = []
    for batches in evidence.got[:2]:
        for got, columns in zip(batches, ((ROWS,), (CLASSES,)), strict=True):
            if not isinstance(got, torch.Tensor) or got.shape != (CALLS, ROWS, *columns):
                return "mixup should return images (N, C, H, W) and labels (N, num_classes)"
        images, labels = (tensor.double() for tensor in batches)
        # The images are one-hot, so that the mixed ones show who was mixed with whom.
        partners = (images - SHARE * torch.eye(ROWS)) / (1 - SHARE)  # (CALLS, image, partner)
        if not bool(
            (((partners.abs() < 1e-4) | ((partners - 1).abs() < 1e-4)).all(-1) & (partners.round().sum(-1) == 1)).all()
        ):
            return "an image should become lam times itself and (1 - lam) times another image of the batch"
        if not bool((partners.round().sum(1) == 1).all()):
            return "the partners of one batch are not a permutation of it: some image is used twice"
        one_hot = torch.eye(CLASSES, dtype=torch.double)[list(LABELS)]
        if not torch.allclose(labels, SHARE * one_hot + (1 - SHARE) * partners.round() @ one_hot, atol=1e-4):
            return "the labels are not mixed as the images are: lam * own + (1 - lam) * the partner's"
        order = partners.argmax(-1)
        tables.append(torch.bincount(order[:, 0] * ROWS + order[:, 1], minlength=ROWS * ROWS)[[1, 2, 3, 5, 6, 7]])
    for counts in tables:
        if int(counts.max()) == CALLS:
            return "every call pairs the batch in the same way; draw a new permutation each time"
        if far_from_uniform(counts):
            return f"the {ORDERS} permutations of 3 images should be equally likely, drawn {counts.tolist()} times"
    return same_state_same_result(*evidence.got[2])


@check("values", points=10, part="mixup", judged_by=orders_are_permutations)
def mixes_with_one_permutation(solution, make):
    """Images and labels are mixed by the same random permutation; the generator decides."""
    images = make.tensor(torch.eye(ROWS)).view(ROWS, 1, 1, ROWS)
    labels = make.tensor(list(LABELS))

    def drawn(generator):
        answers = [solution.mixup(images, labels, CLASSES, SHARE, generator) for _ in range(CALLS)]
        return torch.stack([first.flatten(1) for first, _ in answers]), torch.stack([second for _, second in answers])

    def of_many(generator):
        return solution.mixup(make.tensor(torch.eye(50)).view(50, 1, 5, 10), zeros, 1, SHARE, generator=generator)[0]

    zeros = torch.zeros(50, dtype=torch.int64, device=make.device)
    return drawn(None), drawn(make.generator()), four_calls(make, of_many)


@check("values", points=5, part="Compose", count=some.integers(1, 3), examples=6)
def applies_in_order(solution, make, count):
    """The first transform first; none changes nothing; can be called again."""
    images = make.normal(count, 1, 2, 2)

    def twice_then_one_more(images):
        return 2 * images + 1

    def again():
        both = solution.Compose([twice_then_one_more, torch.square])
        return [both(images), both(images + 1)]

    return {
        "two": lambda: solution.Compose([twice_then_one_more, torch.square])(images),
        "the other way round": lambda: solution.Compose((torch.square, twice_then_one_more))(images),
        "none": lambda: solution.Compose([])(images),
        "called again": again,
        "nested": lambda: solution.Compose([solution.Compose([torch.neg]), twice_then_one_more, torch.square])(images),
    }


@check("values", points=5, tag="edge")
def leaves_its_inputs_alone(solution, make):
    """Images and labels are not changed in place."""
    images, labels = make.normal(4, 2, 3, 3), make.integers(0, CLASSES, 4)
    return {
        "horizontal_flip": lambda: changes(lambda: solution.horizontal_flip(images, 1.0), images),
        "random_crop": lambda: changes(lambda: solution.random_crop(images, 2, 1), images),
        "random_crop, all of it": lambda: changes(lambda: solution.random_crop(images, 3), images),
        "normalize": lambda: changes(lambda: solution.normalize(images, [0.5, 0.4], [0.2, 0.3]), images),
        "mixup": lambda: changes(lambda: solution.mixup(images, labels, CLASSES, 0.4), images, labels),
    }
