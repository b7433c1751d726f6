"""Correct programs: each takes a device and returns what it computed, which must be the same on `sim` as on the CPU."""

import copy
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torch.nn.utils import clip_grad_norm_, parameters_to_vector, rnn
from torch.utils.checkpoint import checkpoint


def normal(device, *shape):
    return torch.randn(*shape).to(device).requires_grad_()


def gradients(module, *inputs):
    return [p.grad for p in module.parameters()] + [x.grad for x in inputs]


def attention_with_masks(device):
    x, project = normal(device, 2, 5, 16), nn.Linear(16, 48).to(device)
    q, k, v = (part.view(2, 5, 4, 4).transpose(1, 2) for part in project(x).chunk(3, -1))
    scores = q @ k.transpose(-1, -2) / 2
    scores = scores.masked_fill(torch.ones(5, 5, dtype=torch.bool, device=device).triu(1), float("-inf"))
    out = torch.einsum("bhij,bhjd->bhid", scores.softmax(-1), v).transpose(1, 2).reshape(2, 5, 16)
    F.layer_norm(out, (16,)).square().sum().backward()
    return [out, *gradients(project, x)]


def torchs_own_attention(device):
    layer, x = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True).to(device), normal(device, 2, 5, 8)
    out = layer(x, src_key_padding_mask=torch.tensor([[False] * 5, [False] * 3 + [True] * 2], device=device))
    out.sum().backward()
    with torch.inference_mode():
        return [out, layer.eval()(x), *gradients(layer, x)]


def small_resnet(device):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.norm = nn.Conv2d(4, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)

        def forward(self, x):
            return F.relu(self.norm(self.first(x)) + x, inplace=True)

    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), Block(), Block(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    model.to(device)
    x = normal(device, 2, 3, 12, 12)
    trained = model(x)
    F.cross_entropy(trained, torch.tensor([1, 3], device=device)).backward()
    return [trained, model.eval()(x), *gradients(model, x), *model.buffers()]


def lstm_and_gru(device):
    results = []
    for kind in (nn.LSTM, nn.GRU):
        layer, x = kind(3, 4, num_layers=2, bidirectional=True, batch_first=True).to(device), normal(device, 3, 5, 3)
        packed, _ = layer(rnn.pack_padded_sequence(x, torch.tensor([5, 3, 2]), batch_first=True))
        padded, lengths = rnn.pad_packed_sequence(packed, batch_first=True)
        padded.square().sum().backward()
        assert lengths.device.type == "cpu"
        results += [padded, *gradients(layer, x)]
    return results


def ctc_recursion_and_torchs_ctc(device):
    scores, labels = normal(device, 8, 5), torch.tensor([0, 1, 0, 1, 0, 2, 0], device=device)
    log_probs = scores.log_softmax(-1)
    impossible = torch.full((1,), -1e30, device=device)
    alpha = torch.cat([log_probs[0, labels[:2]], impossible.expand(5)])
    skip = torch.zeros(7, dtype=torch.bool, device=device)
    skip[2:] = (labels[2:] != 0) & (labels[2:] != labels[:-2])
    for t in range(1, 8):
        one, two = torch.cat([impossible, alpha[:-1]]), torch.cat([impossible, impossible, alpha[:-2]])
        alpha = torch.logaddexp(torch.logaddexp(alpha, one), two.where(skip, impossible)) + log_probs[t, labels]
    loss = -torch.logsumexp(alpha[-2:], 0)
    loss.backward()
    lengths = torch.tensor([8]), torch.tensor([3])
    theirs = F.ctc_loss(log_probs[:, None].detach(), labels[1::2][None], *lengths, reduction="sum")
    return [loss, theirs, scores.grad]


def nms_loop(device):
    corner = torch.rand(20, 2).to(device)
    boxes, scores = torch.cat([corner, corner + 0.3], 1), torch.rand(20).to(device)
    order, kept = scores.argsort(descending=True), []
    while order.numel() > 0:
        kept.append(int(order[0]))
        top = torch.maximum(boxes[order[0], :2], boxes[order[1:], :2])
        bottom = torch.minimum(boxes[order[0], 2:], boxes[order[1:], 2:])
        shared = (bottom - top).clamp(min=0).prod(1)
        order = order[1:][shared / (2 * 0.09 - shared) <= 0.3]
    assert kept == torchvision.ops.nms(boxes, scores, 0.3).tolist()
    return [torch.tensor(kept, device=device)]


def gan_step(device):
    generator = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 3)).to(device)
    critic = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1)).to(device)
    g_steps, c_steps = torch.optim.Adam(generator.parameters()), torch.optim.Adam(critic.parameters())
    for _ in range(3):
        real, fake = torch.randn(6, 3).to(device), generator(torch.randn(6, 2, device=device))
        right, wrong = torch.ones(6, 1, device=device), torch.zeros(6, 1, device=device)
        between = real.lerp(fake.detach(), 0.5).requires_grad_()
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        c_loss = F.binary_cross_entropy_with_logits(critic(real), right)
        c_loss = c_loss + F.binary_cross_entropy_with_logits(critic(fake.detach()), wrong)
        c_steps.zero_grad()
        (c_loss + (slope.norm(dim=1) - 1).square().mean()).backward()
        c_steps.step()
        g_steps.zero_grad()
        F.binary_cross_entropy_with_logits(critic(fake), right).backward()
        g_steps.step()
    return [*generator.parameters(), *critic.parameters()]


def vae_training(device):
    encoder, decoder = nn.Linear(6, 4).to(device), nn.Linear(2, 6).to(device)
    steps = torch.optim.SGD([*encoder.parameters(), *decoder.parameters()], lr=0.1, momentum=0.9)
    for _ in range(3):
        x = torch.rand(5, 6).to(device)
        mean, log_variance = encoder(x).chunk(2, 1)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        divergence = -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp()).sum()
        steps.zero_grad()
        (F.binary_cross_entropy_with_logits(decoder(z), x, reduction="sum") + divergence).backward()
        steps.step()
    return [*encoder.parameters(), *decoder.parameters()]


def adam_with_dropout_and_clipping(device):
    model = nn.Sequential(nn.Embedding(9, 8), nn.Dropout(0.3), nn.Linear(8, 3)).to(device)
    steps = torch.optim.AdamW(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(steps, 5)
    for _ in range(4):
        loss = F.cross_entropy(model(torch.randint(0, 9, (6,), device=device)), torch.randint(0, 3, (6,)).to(device))
        steps.zero_grad()
        loss.backward()
        clip_grad_norm_(model.parameters(), 0.5)
        steps.step()
        schedule.step()
    resumed = torch.optim.AdamW(model.parameters())
    resumed.load_state_dict(steps.state_dict())
    return [parameters_to_vector(model.parameters()), resumed.state_dict()["state"][0]["exp_avg"]]


def own_autograd_function_hooks_and_checkpoint(device):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, grad):
            return 3 * ctx.saved_tensors[0] ** 2 * grad

    layer, x, seen = nn.Linear(3, 3).to(device), normal(device, 2, 3), []
    layer.register_forward_hook(lambda module, inputs, output: seen.append(output.detach()))
    layer.weight.register_hook(lambda grad: grad * 2)
    checkpoint(lambda value: Cube.apply(layer(value)), x, use_reentrant=False).sum().backward()
    return [*seen, *gradients(layer, x)]


def modules_keep_their_parameters_on_the_way(device):
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5, bias=False), nn.BatchNorm1d(5))
    model[1].weight = model[0].weight
    steps, weight = torch.optim.SGD(model.parameters(), lr=0.5), model[0].weight
    model.to(device)
    assert model[0].weight is weight
    assert model[1].weight is weight
    assert isinstance(weight, nn.Parameter)
    model(torch.arange(5, device=device)).sum().backward()
    steps.step()
    twin = copy.deepcopy(model)
    assert isinstance(twin[0].weight, nn.Parameter)
    assert twin[1].weight is twin[0].weight
    assert type(copy.deepcopy(model).cpu()[0].weight) is nn.Parameter
    twin.load_state_dict(model.double().float().state_dict())
    return [weight, *twin.parameters(), *twin.buffers()]


def saving_and_loading(device):
    layer, loaded = nn.Linear(2, 3).to(device), []
    for place in (None, "cpu", device, torch.device(device)):
        file = io.BytesIO()
        torch.save(layer.cpu().state_dict() if place else layer.to(device).state_dict(), file)
        file.seek(0)
        weight = torch.load(file, map_location=place)["weight"]
        assert weight.device.type == torch.device(place or device).type
        loaded.append(copy.deepcopy(weight).to(device))
    return loaded


def views_and_changes_in_place(device):
    x = torch.arange(12.0, device=device).view(3, 4)
    x[:, 0] = 1
    x[0, 1:3] = torch.tensor([5.0, 6.0])
    x[torch.tensor([1, 2]), torch.tensor([1, 1], device=device)] = 7
    x[x > 9] *= 2
    x.view(-1)[5:7].zero_()
    turned = x.clone().t_().unsqueeze_(0)
    grown = torch.zeros(2, device=device).resize_(2, 3).fill_(2)
    y = torch.ones(2, 2, device=device)
    y.data = x[:2, :2]
    y.data.add_(1)
    z = torch.ones(3, 4, device=device, requires_grad=True)
    (z * x).t()[1:].mul_(3).sum().backward()
    return [x, turned, grown, y, z.grad, torch.add(x, 1, out=torch.empty(0, device=device))]


def picking_and_sorting(device):
    x, index = torch.randn(3, 4).to(device), torch.tensor([[0, 1], [3, 2], [1, 1]], device=device)
    results = [x[x > 0], x[torch.tensor([2, 0])], x[..., [1, 3]], x.gather(1, index), x.nonzero(), torch.cdist(x, x)]
    results += [x.scatter(1, index, 9.0), x.scatter_add(1, index, x), x.index_add(0, index[:, 0] % 3, x), x.tril()]
    results += [*x.sort(1), *x.topk(2), x.argmax(1), x.cumsum(0), *index.unique(return_counts=True), F.one_hot(index)]
    results += [torch.where(x > 0, x, torch.tensor(0.0)), x.masked_fill(x < 0, -1), torch.bincount(index.flatten())]
    return [*results, x.var(0), x.quantile(0.5), torch.fft.rfft(x).abs(), torch.linalg.svdvals(x)]


def making_tensors(device):
    generator, like = torch.Generator(device=device).manual_seed(3), torch.zeros(2, dtype=torch.float64, device=device)
    made = [torch.randn(3, device=device), torch.rand(2, 2, device=device), torch.randperm(5, device=device)]
    made += [torch.randn(3, generator=generator, device=device), torch.empty(4, device=device).normal_()]
    made += [torch.zeros_like(like), torch.rand_like(like), like.new_zeros(3), like.new_tensor([1, 2]), like.float()]
    made += [torch.arange(5, device=device), torch.linspace(0, 1, 5, device=device), torch.eye(3, device=device)]
    made += [torch.kaiser_window(5, device=device), torch.hann_window(5, device=device), torch.bernoulli(like + 0.5)]
    made += [
        nn.init.orthogonal_(torch.empty(3, 4, device=device)),
        nn.init.trunc_normal_(torch.empty(9, device=device)),
    ]
    with torch.device(device):
        made += [torch.ones(2), nn.Linear(2, 2).weight]
    return [*made, torch.tensor([[1, 2]], device=device).type(torch.float64), torch.tril_indices(3, 3, device=device)]


def reading_numbers(device):
    x = torch.tensor([1.5, 2.5], device=device)
    assert (x[0].item(), float(x[1]), int(x.sum()), x.tolist(), f"{x.sum():.1f}") == (1.5, 2.5, 4, [1.5, 2.5], "4.0")
    assert x.cpu().numpy().sum() == 4
    assert x.to("cpu").device.type == "cpu"
    assert device == "cpu" or repr(x) == "tensor([1.5000, 2.5000], device='sim:0')"
    assert torch.tensor([x[0], x[1]]).tolist() == [1.5, 2.5]
    on_cpu = torch.zeros(2)
    on_cpu[:] = x
    assert on_cpu.cpu() is on_cpu
    assert on_cpu.tolist() == x.tolist()
    return [x * torch.tensor(2.0), on_cpu.to(x)]


def autocast_and_vmap(device):
    layer, x = nn.Linear(3, 3).to(device), normal(device, 4, 3)
    with torch.autocast(device, dtype=torch.bfloat16):
        half = layer(x)
    half.float().sum().backward()
    return [half, x.grad, torch.func.vmap(torch.func.grad(lambda row: (row**3).sum()))(x.detach())]


def ranks_in_threads(device):
    ranks, shared, barrier = 4, [None] * 4, threading.Barrier(4)
    models = [nn.Linear(3, 3).to(device) for _ in range(ranks)]
    data = [torch.randn(5, 3).to(device) for _ in range(ranks)]

    class Rank(threading.Thread):
        def __init__(self, rank):
            super().__init__()
            self.rank = rank

        def run(self):
            model = models[self.rank]
            for _ in range(10):
                model.zero_grad()
                model(data[self.rank]).square().sum().backward()
                shared[self.rank] = model.weight.grad
                barrier.wait()
                total = sum(shared)
                barrier.wait()
                with torch.no_grad():
                    model.weight -= 0.01 * total

    threads = [Rank(rank) for rank in range(ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    def slope(factor):
        x = torch.ones(3, device=device, requires_grad=True)
        (x * factor).sum().backward()
        return x.grad

    with ThreadPoolExecutor(2) as pool:
        return [model.weight for model in models] + list(pool.map(slope, [1, 2, 3]))


def views_under_inference_mode(device):
    x = normal(device, 4, 3)
    with torch.inference_mode():
        return x[:, 0] + x.flatten()[:4] + x.view(3, 4)[0] + x.new_ones(1).expand(4)
