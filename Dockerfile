# judge in a container, for grading where full isolation is not to be had otherwise: macOS, Windows.
#
#     docker build -t judge .
#     docker run --rm judge doctor
#     docker run --rm --init --network none -v "$PWD":/work judge grade submissions/ --out results/
#
# docs/security.md says which options of `docker run` give which level of isolation.

FROM python:3.11-slim

# With --build-arg PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu PyTorch comes without CUDA: gigabytes less.
ARG PIP_EXTRA_INDEX_URL

# Mounted, not copied: no layer has a second copy of the references.
RUN --mount=type=bind,target=/src,rw \
    pip install --no-cache-dir --root-user-action ignore -c /src/constraints.txt /src

# Neither judge nor a solution needs root. /data takes whatever user `docker run --user` names.
RUN useradd --create-home --uid 1000 judge && mkdir --mode 1777 /data /work
ENV JUDGE_DATA=/data
USER judge
WORKDIR /work
ENTRYPOINT ["judge"]
CMD ["--help"]
