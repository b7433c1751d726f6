"""What 33-vae is judged on."""

import torch
import torch.nn.functional as F
from hypothesis import strategies as some

from judge.checks import at_most, check, gradients, moments, state

INPUT, HIDDEN, LATENT = 7, 6, 3
SIZES = {"count": some.integers(1, 4), "latents": some.integers(1, 5)}


def filled(solution, make, *sizes):
    return make.filled(solution.VAE(*(sizes or (INPUT, HIDDEN, LATENT))), scale=1.5)


def binary(make, *shape):
    return make.integers(0, 2, *shape).to(make.dtype)


@check(
    "shape",
    points=10,
    part="VAE",
    count=some.integers(1, 4),
    inputs=some.integers(1, 6),
    hidden=some.integers(1, 6),
    latents=some.integers(1, 4),
)
def has_the_right_shapes(solution, make, count, inputs, hidden, latents):
    """Shapes of encode, decode, forward and sample; parameter names."""
    model = solution.VAE(inputs, hidden, latents).to(make.device, make.dtype)
    x = binary(make, count, inputs)

    def sample():
        drawn = model.sample(count)
        return drawn.shape, drawn.requires_grad, drawn.new_zeros(())  # the last one tells dtype and device

    def in_float64():
        double = solution.VAE(inputs, hidden, latents).to(make.device).double()
        logits, _, _ = double(x.double())
        return logits.new_zeros(()), double.sample(count).new_zeros(())

    return {
        "names": lambda: {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()},
        "encode": lambda: [tensor.shape for tensor in model.encode(x)],
        "decode": lambda: model.decode(make.normal(count, latents)).shape,
        "forward": lambda: [tensor.shape for tensor in model(x)],
        "sample": sample,
        "float64": in_float64,
    }


@check("values", points=15, part="kl_divergence", **SIZES)
def measures_the_divergence(solution, make, count, latents):
    """KL to the standard normal, one number per row."""
    kl, mu, logvar = solution.kl_divergence, make.normal(count, latents), make.normal(count, latents)
    return {
        "plain": lambda: kl(mu, logvar),
        "mu only": lambda: kl(mu, torch.zeros_like(mu)),
        "variance only": lambda: kl(torch.zeros_like(mu), logvar),
        "wide and narrow": lambda: kl(10 * mu, 5 * logvar),
    }


@check("values", points=15, part="elbo_loss", features=some.integers(1, 5), **SIZES)
def adds_up_the_loss(solution, make, count, latents, features):
    """Cross-entropy summed over features plus beta KL, mean over the batch."""
    loss, x, logits = solution.elbo_loss, binary(make, count, features), make.normal(count, features, std=2)
    mu, logvar = make.normal(count, latents), make.normal(count, latents)
    return {
        "plain": lambda: loss(x, logits, mu, logvar),
        "beta 4": lambda: loss(x, logits, mu, logvar, 4.0),
        "beta 0": lambda: loss(x, logits, mu, logvar, beta=0.0),
        "grey values": lambda: loss(make.uniform(count, features), logits, mu, logvar, beta=0.5),
    }


@check("values", points=15, part="VAE", count=some.integers(1, 4), inputs=some.integers(1, 6), examples=8)
def encodes_and_decodes(solution, make, count, inputs):
    """encode, decode, and forward in evaluation, where z is mu."""
    model = filled(solution, make, inputs, 5, 3).eval()
    x = binary(make, count, inputs)
    before = x.clone()

    def inputs_and_mode():
        model(x)
        model.encode(x)
        model.sample(2)
        return x - before, model.training

    def mode_in_training():
        model.train()
        model(x)
        model.sample(2)
        return model.training

    return {
        "encode": lambda: model.encode(x),
        "decode": lambda: model.decode(make.normal(count, 3)),
        "forward": lambda: model(x),
        "twice": lambda: [model(x), model(x)],
        "inputs and mode": inputs_and_mode,
        "mode in training": mode_in_training,
    }


@check("gradient", points=10, part="elbo_loss", count=some.integers(1, 3), examples=6)
def learns_from_the_loss(solution, make, count):
    """Gradients of the loss, and of every weight."""

    def of_the_loss(beta):
        tensors = {
            "x_logits": make.normal(count, 5, requires_grad=True),
            "mu": make.normal(count, 3, requires_grad=True),
            "logvar": make.normal(count, 3, requires_grad=True),
        }
        solution.elbo_loss(binary(make, count, 5), *tensors.values(), beta).backward()
        return gradients(**tensors)

    def of_the_model():
        model, x = filled(solution, make).eval(), binary(make, count, INPUT)
        solution.elbo_loss(x, *model(x)).backward()
        return gradients(model)

    return {"loss": lambda: of_the_loss(1.0), "loss, beta 3": lambda: of_the_loss(3.0), "model": of_the_model}


@check("gradient", points=5, tag="edge", part="elbo_loss")
def stays_stable(solution, make):
    """Logits of 1000 and -1000, on the right and on the wrong side; float64."""

    def run(x, logits, dtype=None):
        zeros = make.tensor([[0.5], [0.0]], dtype=dtype)
        logits = make.tensor(logits, dtype=dtype, requires_grad=True)
        loss = solution.elbo_loss(make.tensor(x, dtype=dtype), logits, zeros, zeros)
        loss.backward()
        return loss, logits.grad

    return {
        "right": lambda: run([[1.0, 0.0], [0.0, 1.0]], [[1000.0, -1000.0], [-1000.0, 1000.0]]),
        "wrong": lambda: run([[0.0, 0.0], [1.0, 1.0]], [[1000.0, -1000.0], [-1000.0, 3.0]]),
        "float64": lambda: run([[0.0, 1.0], [1.0, 0.0]], [[0.3, -0.7], [40.0, 2.0]], torch.float64),
    }


def are_tensors(got, expected):
    """Whether an observation is a sequence of finite tensors of the expected shapes."""
    if not isinstance(got, tuple) or len(got) != len(expected):
        return False
    return all(
        isinstance(tensor, torch.Tensor) and tensor.shape == other.shape and bool(torch.isfinite(tensor).all())
        for tensor, other in zip(got, expected, strict=True)
    )


def standard_normal(noise, what):
    """None when the rows and columns of (N, L) numbers look like independent standard normal draws."""
    alike = (noise - noise.mean()) / noise.std()  # a wrong mean or deviation is for `moments` to name
    rows, columns = alike.sum(1) / alike.shape[1] ** 0.5, alike.sum(0) / alike.shape[0] ** 0.5
    if float(rows.std()) > 2 or float(columns.abs().max()) > 6.5:
        return f"{what}: entries of one row or column share their noise; every entry needs its own draw"
    return moments(noise, 0.0, 1.0, what)


def gaussian_with_gradient(evidence):
    if not are_tensors(evidence.got, evidence.expected):
        return "reparameterize did not return finite tensors of mu's shape, or no gradient reaches mu and logvar"
    mu, logvar = (tensor.double() for tensor in evidence.expected[:2])
    fresh, first, second, again, weight, mu_grad, logvar_grad = (tensor.double() for tensor in evidence.got[2:])
    for z in (fresh, first):
        if sentence := standard_normal((z - mu) / (logvar / 2).exp(), "(z - mu) / std"):
            return sentence
    if not torch.equal(first, again):
        return "the same generator state gave two different samples"
    if torch.equal(first, second) or torch.equal(first, fresh):
        return "two calls gave the same sample"
    if not torch.allclose(mu_grad, weight, rtol=1e-3, atol=1e-4):
        return "the gradient of z with respect to mu should be 1"
    if not torch.allclose(logvar_grad, weight * (fresh - mu) / 2, rtol=1e-3, atol=1e-4):
        return "the gradient of z with respect to logvar should be (z - mu) / 2"
    return None


@check("values", points=10, part="reparameterize", judged_by=gaussian_with_gradient)
def draws_around_mu(solution, make):
    """z has mean mu and variance exp(logvar), uses the generator, and lets gradients pass."""
    mu = make.normal(1000, 32, requires_grad=True)
    logvar = make.uniform(1000, 32, low=-2, high=2, requires_grad=True)
    weight, generator = make.normal(1000, 32), make.generator()
    fresh = solution.reparameterize(mu, logvar)
    first = solution.reparameterize(mu, logvar, generator)
    second = solution.reparameterize(mu, logvar, generator)
    again = solution.reparameterize(mu, logvar, generator=make.generator())
    (fresh * weight).sum().backward()
    return mu, logvar, fresh, first, second, again, weight, mu.grad, logvar.grad


def passes_z_through(solution, make, size=16):
    """A VAE whose decoder returns z and whose encoder always answers with its biases."""
    model = solution.VAE(size, size, size).to(make.device, make.dtype)
    values = {
        "fc_mu.bias": make.normal(size),
        "fc_logvar.bias": make.uniform(size, low=-2, high=1),
        "dec1.weight": make.tensor(torch.eye(size)),
        "dec1.bias": make.tensor(torch.full((size,), 50.0)),  # lifts z above the ReLU's kink
        "dec2.weight": make.tensor(torch.eye(size)),
        "dec2.bias": make.tensor(torch.full((size,), -50.0)),
    }
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            tensor.copy_(values.get(name, torch.zeros_like(tensor)))
    return model


def logits_are_samples(evidence):
    if not are_tensors(evidence.got, evidence.expected):
        return "forward did not return three finite tensors, or some weights have no gradient"
    mu, logvar = (tensor.double() for tensor in evidence.expected[1:3])
    logits, _, _, mu_grad, logvar_grad = (tensor.double() for tensor in evidence.got)
    if torch.allclose(logits, mu, atol=1e-3):
        return "z is mu in training mode, it should be sampled"
    if sentence := standard_normal((logits - mu) / (logvar / 2).exp(), "(z - mu) / std"):
        return sentence
    if not torch.allclose(mu_grad, torch.full_like(mu_grad, len(mu)), rtol=1e-3):
        return "no full gradient reaches fc_mu through z"
    if not torch.allclose(logvar_grad, (logits - mu).sum(0) / 2, rtol=1e-3, atol=0.05):
        return "no right gradient reaches fc_logvar through z"
    return None


@check("gradient", points=10, part="VAE", judged_by=logits_are_samples)
def samples_while_training(solution, make):
    """In training mode z is sampled, and gradients reach fc_mu and fc_logvar."""
    model = passes_z_through(solution, make).train()
    logits, mu, logvar = model(binary(make, 1000, 16))
    logits.sum().backward()
    return logits, mu, logvar, model.fc_mu.bias.grad, model.fc_logvar.bias.grad


def probabilities_of_the_prior(evidence):
    if not are_tensors(evidence.got, evidence.expected):
        return "sample did not return finite tensors of shape (n, input_dim)"
    fresh, first, second, again = (tensor.double() for tensor in evidence.got)
    for probabilities in (fresh, first):
        if float(probabilities.min()) < 0 or float(probabilities.max()) > 1:
            return "sample should return probabilities, between 0 and 1"
        if sentence := standard_normal(torch.logit(probabilities, eps=1e-7), "the logits of the samples"):
            return f"{sentence}; z should come from the standard normal prior"
    if not torch.equal(first, again):
        return "the same generator state gave two different samples"
    if torch.equal(first, second) or torch.equal(first, fresh):
        return "two calls gave the same samples"
    return None


@check("values", points=5, part="VAE", judged_by=probabilities_of_the_prior)
def samples_from_the_prior(solution, make):
    """sample(n) decodes standard normal z into probabilities; it uses the generator."""
    model, generator = passes_z_through(solution, make), make.generator()
    fresh = model.sample(1000)
    first, second = model.sample(1000, generator), model.sample(1000, generator)
    return fresh, first, second, model.sample(1000, generator=make.generator())


PIXELS, UNITS, LATENTS = 64, 48, 6


def crosses(make):
    """8 x 8 images of one full row and one full column, 2 % of the pixels flipped; the last 256 are hidden."""
    count = 1280
    row, column = make.integers(0, 8, count), make.integers(0, 8, count)
    lines = F.one_hot(row, 8)[:, :, None] | F.one_hot(column, 8)[:, None, :]  # (N, 8, 1) | (N, 1, 8) -> (N, 8, 8)
    images = (lines.bool() ^ make.mask(count, 8, 8, share=0.02, at_least_one=False)).reshape(count, PIXELS).float()
    return images[:1024], images[1024:]


def nats_per_image(weights, images):
    """The negative ELBO of hidden images, computed here from the trained weights with 8 samples of z."""
    shapes = {"enc": (UNITS, PIXELS), "fc_mu": (LATENTS, UNITS), "fc_logvar": (LATENTS, UNITS)}
    shapes |= {"dec1": (UNITS, LATENTS), "dec2": (PIXELS, UNITS)}
    if not isinstance(weights, dict):
        return "there are no trained weights"
    for name, shape in shapes.items():
        weight, bias = (weights.get(f"{name}.{part}") for part in ("weight", "bias"))
        if getattr(weight, "shape", None) != shape or getattr(bias, "shape", None) != shape[:1]:
            return f"the trained VAE has no {name} of shape {shape}"

    def linear(name, inputs):
        return F.linear(inputs, weights[f"{name}.weight"].double(), weights[f"{name}.bias"].double())

    x = images.double().repeat(8, 1)
    hidden = linear("enc", x).relu()
    mu, logvar = linear("fc_mu", hidden), linear("fc_logvar", hidden)
    noise = torch.randn(mu.shape, dtype=mu.dtype, generator=torch.Generator().manual_seed(0))
    logits = linear("dec2", linear("dec1", mu + (logvar / 2).exp() * noise).relu())
    likelihood = -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    divergence = (mu.square() + logvar.exp() - 1 - logvar).sum(1) / 2
    return float((divergence - likelihood).mean())


@check(
    "convergence",
    points=5,
    task=crosses,
    judged_by=at_most(28.0, nats_per_image, "negative ELBO on hidden images"),
    pictures=["decoded noise"],
)
def models_hidden_images(solution, make, given):
    """Trains on binary images; the negative ELBO of images it never saw is low."""
    model, curve = solution.VAE(PIXELS, UNITS, LATENTS).to(make.device).train(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for step in range(240):
        x = given[torch.arange(step * 128, (step + 1) * 128, device=make.device) % len(given)]
        loss = solution.elbo_loss(x, *model(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        curve.append(loss.item())
    with torch.no_grad():
        decoded = model.eval().decode(make.normal(8, LATENTS)).sigmoid().reshape(8, 8, 8)
    return state(model) | {"decoded noise": decoded}, curve
