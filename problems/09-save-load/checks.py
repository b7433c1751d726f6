"""What 09-save-load is judged on."""

import io
import pickle
import tempfile
from collections import OrderedDict
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR, StepLR

from judge.checks import Raised, check, outcome, state


class CpuDropout(nn.Module):
    """Dropout that draws on the CPU generator whatever the device, and the same numbers for every dtype."""

    def forward(self, x):
        kept = torch.rand(x.shape, dtype=torch.float32) < 0.5
        return x * kept.to(x.device) * 2 if self.training else x


def drawn(make, model):
    """The model with weights from `make`; not make.filled, which is for the modules of a solution."""
    model.to(make.device, make.dtype)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(make.normal(*parameter.shape, std=0.5))
    return model


def network(make):
    return drawn(
        make, nn.Sequential(nn.Linear(6, 8, bias=False), nn.BatchNorm1d(8), nn.Tanh(), CpuDropout(), nn.Linear(8, 3))
    )


def momentum(model):
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    return optimizer, StepLR(optimizer, step_size=2, gamma=0.3)


def two_groups(model):
    groups = [{"params": model[0].parameters(), "lr": 0.02}, {"params": model[4].parameters()}]
    optimizer = AdamW(groups, lr=0.01)
    return optimizer, CosineAnnealingLR(optimizer, T_max=7)


def one_cycle(model):
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9)
    return optimizer, OneCycleLR(optimizer, max_lr=0.2, total_steps=8)


def no_scheduler(model):
    return Adam(model.parameters(), lr=0.01), None


SETUPS = {
    "momentum, step schedule": momentum,
    "AdamW, two groups, cosine": two_groups,
    "one-cycle schedule": one_cycle,
    "Adam, no scheduler": no_scheduler,
}


def start(make, setup):
    """Model, optimizer and scheduler of a set-up before training, and 6 batches; the same at each call."""
    make.restart(setup)
    model = network(make)
    batches = [(make.normal(8, 6), make.normal(8, 3)) for _ in range(6)]
    torch.manual_seed(make.seed)  # building a model draws a number of random bits that depends on the dtype
    return model, *SETUPS[setup](model), batches


def train(model, optimizer, scheduler, batches):
    model.train()
    for x, y in batches:
        optimizer.zero_grad()
        (model(x) - y).square().mean().backward()
        optimizer.step()
        if scheduler is not None:
            scheduler.step()


def after(model, optimizer):
    """What the run has come to: the weights, the rates, and the random numbers that would come next."""
    rates = [group["lr"] for group in optimizer.param_groups]
    return {"state": state(model), "rates": rates, "next random numbers": torch.rand(3, dtype=torch.float32)}


def entries_that_differ(one, other):
    return {name: int((one[name] != other[name]).sum()) for name in one}


def resumes_in_a_fresh_process(solution, make):
    """Trains on from the checkpoints, and once without any interruption."""

    def resume(setup, **options):
        straight, *rest = start(make, setup)
        train(straight, *rest)
        model, optimizer, scheduler, batches = start(make, setup)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(1.0)
        torch.manual_seed(make.seed + 1)
        path = Path(make.folder) / f"{setup}.pt"
        epoch = solution.load_checkpoint(path, model, optimizer, scheduler, **options)
        train(model, optimizer, scheduler, batches[3:])
        return epoch, after(model, optimizer), entries_that_differ(state(straight), state(model))

    cases = {setup: lambda setup=setup: resume(setup) for setup in SETUPS}
    return cases | {"map_location": lambda: resume("momentum, step schedule", map_location=make.device)}


@check("values", points=30, then=resumes_in_a_fresh_process)
def resumes_exactly(solution, make):
    """Goes on in a fresh process, bit for bit as if it had never stopped."""
    for setup in SETUPS:
        model, optimizer, scheduler, batches = start(make, setup)
        train(model, optimizer, scheduler, batches[:3])
        solution.save_checkpoint(Path(make.folder) / f"{setup}.pt", model, optimizer, scheduler, 3)


def saved(solution, make, path, epoch=3, setup="momentum, step schedule"):
    """A trained run, saved."""
    model, optimizer, scheduler, batches = start(make, setup)
    train(model, optimizer, scheduler, batches[:2])
    solution.save_checkpoint(path, model, optimizer, scheduler, epoch)
    return model, optimizer, scheduler, batches


def new_folder(make, name):
    return Path(tempfile.mkdtemp(prefix=name, dir=make.folder))


def files(make):
    return sorted(str(path.relative_to(make.folder)) for path in Path(make.folder).rglob("*") if path.is_file())


@check("values", points=15)
def follows_the_contract(solution, make):
    """Epoch, str paths, overwriting, missing files, schedulers that are given or not."""

    def last_saved():
        folder = new_folder(make, "overwritten")
        model, optimizer, scheduler, batches = saved(solution, make, folder / "run.pt")
        train(model, optimizer, scheduler, batches[2:])
        solution.save_checkpoint(folder / "run.pt", model, optimizer, scheduler, 12)
        other, *rest, _ = start(make, "momentum, step schedule")
        epoch = solution.load_checkpoint(folder / "run.pt", other, *rest)
        return epoch, state(other), [path.name for path in folder.iterdir()]

    def str_path():
        path = str(new_folder(make, "str") / "run.pt")
        saved(solution, make, path, epoch=0)
        model, *rest, _ = start(make, "momentum, step schedule")
        return solution.load_checkpoint(path, model, *rest), state(model)

    def scheduler_left_out():
        path = new_folder(make, "left out") / "run.pt"
        saved(solution, make, path)
        model, optimizer, _, _ = start(make, "momentum, step schedule")
        return solution.load_checkpoint(path, model, optimizer, None), after(model, optimizer)

    def scheduler_missing():
        path = new_folder(make, "missing") / "run.pt"
        saved(solution, make, path, setup="Adam, no scheduler")
        model, optimizer, _, _ = start(make, "Adam, no scheduler")
        return outcome(solution.load_checkpoint, path, model, optimizer, StepLR(optimizer, 2))

    def no_file():
        model, optimizer, scheduler, _ = start(make, "momentum, step schedule")
        return outcome(solution.load_checkpoint, Path(make.folder) / "nowhere.pt", model, optimizer, scheduler)

    def saving_changes_nothing():
        model, optimizer, scheduler, batches = saved(solution, make, new_folder(make, "unchanged") / "run.pt")
        train(model, optimizer, scheduler, batches[2:])
        return after(model, optimizer)

    return {
        "overwritten": last_saved,
        "path is a str": str_path,
        "scheduler saved, None given": scheduler_left_out,
        "scheduler given, none saved": scheduler_missing,
        "missing file": no_file,
        "training on after a save": saving_changes_nothing,
    }


class Bomb:
    """Looks at a file, then fails, whenever somebody tries to serialise or copy it."""

    def __init__(self, path):
        self.path, self.seen = path, []

    def __reduce_ex__(self, protocol):
        self.seen.append(self.path.read_bytes() if self.path.exists() else b"")
        raise RuntimeError("this cannot be saved")


def with_small_files(save):
    """Calls `save` while no file may be larger than 4 KiB, as on a full disk."""
    import resource  # not everywhere, and only needed here

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        return outcome(save)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def large_run(make):
    """Its weights need 16 KiB in any format."""
    model = drawn(make, nn.Sequential(nn.Linear(64, 64)))
    optimizer = SGD(model.parameters(), lr=0.1)
    return model, optimizer, StepLR(optimizer, 2)


@check("values", points=20, tag="edge")
def survives_a_failed_save(solution, make):
    """The old checkpoint stays, during and after a save that fails, and no other file."""

    def failed(name, run, fail, first=True):
        path = new_folder(make, name) / "run.pt"
        if first:
            solution.save_checkpoint(path, *run, 7)
        old, files_before = path.read_bytes() if first else b"", files(make)
        with torch.no_grad():
            for parameter in run[0].parameters():
                parameter.zero_()
        result, looks = fail(path, run)
        seen = {
            "error raised": isinstance(result, Raised),
            "old file kept": (path.read_bytes() if path.exists() else b"") == old,
            "kept during the save": all(look == old for look in looks),
            "no other file": files(make) == files_before,
        }
        if not first:
            solution.save_checkpoint(path, *large_run(make), 7)
        model, optimizer, scheduler = large_run(make)
        epoch = outcome(solution.load_checkpoint, path, model, optimizer, scheduler)
        return seen | {"epoch": epoch, "weights": state(model)}

    def explodes(path, run, where):
        bomb = Bomb(path)
        if where == "scheduler":
            run[2].bomb = bomb  # a scheduler's state is all its attributes
        else:
            run[1].param_groups[0]["bomb"] = bomb
        return outcome(solution.save_checkpoint, path, *run, 8), bomb.seen[:1]

    def too_large(path, run):
        return with_small_files(lambda: solution.save_checkpoint(path, *run, 8)), []

    return {
        "scheduler cannot be saved": lambda: failed(
            "scheduler", large_run(make), lambda path, run: explodes(path, run, "scheduler")
        ),
        "optimizer cannot be saved": lambda: failed(
            "optimizer", large_run(make), lambda path, run: explodes(path, run, "optimizer")
        ),
        "disk is full": lambda: failed("full", large_run(make), too_large),
        "first save fails": lambda: failed(
            "first", large_run(make), lambda path, run: explodes(path, run, "scheduler"), first=False
        ),
    }


class Hostile:
    """Opens a file for writing when it is unpickled."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return open, (self.marker, "w")


@check("values", points=15)
def runs_no_code_from_the_file(solution, make):
    """A file that runs code when it is unpickled is refused, and its code does not run."""

    def loaded(name, write):
        folder = new_folder(make, name)
        path, marker = folder / "run.pt", folder / "ran"
        model, optimizer, scheduler, _ = saved(solution, make, folder / "right.pt")
        epoch = solution.load_checkpoint(folder / "right.pt", model, optimizer, scheduler)
        write(path, {"model": model.state_dict(), "epoch": 3, "hostile": Hostile(marker)})
        result = outcome(solution.load_checkpoint, path, model, optimizer, scheduler)
        return {"right epoch": epoch, "refused": isinstance(result, Raised), "code ran": marker.exists()}

    def array(path, content):
        objects = numpy.empty(1, dtype=object)
        objects[0] = content["hostile"]
        buffer = io.BytesIO()
        numpy.savez(buffer, objects)
        path.write_bytes(buffer.getvalue())

    def old_format(path, content):
        torch.save(content, path, _use_new_zipfile_serialization=False)

    return {
        "file of torch.save": lambda: loaded("zip", lambda path, content: torch.save(content, path)),
        "file of an old torch.save": lambda: loaded("old", old_format),
        "pickle": lambda: loaded("pickle", lambda path, content: path.write_bytes(pickle.dumps(content["hostile"]))),
        "arrays of objects": lambda: loaded("arrays", array),
    }


def layers(**modules):
    return nn.Sequential(OrderedDict(modules))


OTHER_MODELS = {
    "other names": lambda: layers(first=nn.Linear(6, 8), norm=nn.BatchNorm1d(8), head=nn.Linear(8, 3)),
    "other shapes": lambda: layers(first=nn.Linear(6, 8), norm=nn.BatchNorm1d(8), last=nn.Linear(8, 4)),
    "as many numbers": lambda: layers(first=nn.Linear(6, 8), norm=nn.BatchNorm1d(8), last=nn.Bilinear(2, 4, 3)),
    "one layer more": lambda: layers(
        first=nn.Linear(6, 8), norm=nn.BatchNorm1d(8), last=nn.Linear(8, 3), more=nn.Linear(3, 3)
    ),
    "one layer fewer": lambda: layers(first=nn.Linear(6, 8), norm=nn.BatchNorm1d(8)),
    "other buffers": lambda: layers(
        first=nn.Linear(6, 8), norm=nn.BatchNorm1d(8, track_running_stats=False), last=nn.Linear(8, 3)
    ),
}


@check("values", points=20)
def refuses_another_model(solution, make):
    """Other names or shapes: an error, and nothing has changed."""

    def run(build):
        """A model, its optimizer after a step, with momentum, and a scheduler that has moved on."""
        model = drawn(make, build())
        optimizer = SGD(model.parameters(), lr=make.integer(1, 9) / 10, momentum=0.9)
        scheduler = StepLR(optimizer, step_size=1, gamma=0.5)
        for parameter in model.parameters():
            parameter.grad = make.normal(*parameter.shape)
        optimizer.step()
        scheduler.step()
        return model, optimizer, scheduler

    def load(name):
        path = new_folder(make, name) / "run.pt"
        right = run(lambda: layers(first=nn.Linear(6, 8), norm=nn.BatchNorm1d(8), last=nn.Linear(8, 3)))
        solution.save_checkpoint(path, *right, 5)
        epoch = solution.load_checkpoint(path, *right)
        model, optimizer, scheduler = run(OTHER_MODELS[name])
        scheduler.step()
        torch.manual_seed(make.seed)
        result = outcome(solution.load_checkpoint, path, model, optimizer, scheduler)
        return {
            "right epoch": epoch,
            "refused": isinstance(result, Raised),
            "model": state(model),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "next random numbers": torch.rand(3, dtype=torch.float32),
        }

    return {name: lambda name=name: load(name) for name in OTHER_MODELS}
