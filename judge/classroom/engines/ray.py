"""Judging on the nodes of a Ray cluster: an actor on each of them, which is a `Node` with a judge of its own.

    driver (judge grade)          has the gradebook and hands out the work; nobody else writes anything
    └─ node                       an actor that reserves the node's CPUs and judges as many solutions at once
       └─ nursery, workers        as on one machine

A node has as much in its hands as it can do at once, no more: when it dies, that is what others are given again, and
on Ctrl-C that is what is waited for. Nodes that join are used. Ray ends the actors of a driver that is gone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from judge.classroom.engines import Engine, OnReport, UnusableEngine, Work, failed
from judge.classroom.engines.node import Node, Ready, Settings, versions
from judge.classroom.engines.parcel import pack_problem, pack_work
from judge.classroom.status import say
from judge.classroom.stopping import TICK, Stop
from judge.grading import LEVELS
from judge.problems import Problem
from judge.report.json import from_exact

LOOK_SECONDS = 2.0  # between two looks at which nodes there are
PATIENCE_SECONDS = 30.0  # of waiting for a node before the user is told
CONNECT_SECONDS, HEALTH_SECONDS = 5.0, 20.0
CLOSE_SECONDS = 5.0
MOST_LOSSES = 3  # a node that lost its judge so often is left alone; a solution whose node died so often is `infra`


@dataclass(frozen=True)
class RayEngine(Engine):
    """On a Ray cluster that is already there. address: HOST:PORT of its head; None for the one on this machine."""

    address: str | None = None

    @contextlib.contextmanager
    def start(self, seed: int, secret: str) -> Iterator[RayJudging]:
        with _connection(self.address) as ray:
            judging = RayJudging(ray, self, seed, secret)
            try:
                judging.wait_for_a_node()
                yield judging
                judging.close()
            finally:
                judging.end()


@contextlib.contextmanager
def _connection(address: str | None) -> Iterator[Any]:
    """Ray, connected to a cluster; it prints nothing and tells nobody."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        raise UnusableEngine("--engine ray needs Ray: pip install 'judge[ray]'") from None
    wanted = address or os.environ.get("RAY_ADDRESS") or "auto"
    if wanted != "auto":
        _check_that_a_cluster_answers(wanted)
    # What Ray itself has to say about nodes goes to stdout, which is for the results.
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        try:
            # Ray lets the nodes import from the current folder, which may be the one with the students' files.
            with contextlib.chdir(Path(os.__file__).parent):
                ray.init(address=wanted, log_to_driver=False, logging_level=logging.CRITICAL)
        except ConnectionError:
            if wanted == "auto":
                start = "start one with `ray start --head`, or name one with --address HOST:PORT"
                raise UnusableEngine(f"there is no Ray cluster on this machine; {start}") from None
            raise UnusableEngine(f"this machine is no node of the Ray cluster at {wanted}") from None
        except (RuntimeError, ValueError, ray.exceptions.RayError) as error:  # other versions, or no token for it
            raise UnusableEngine(f"the Ray cluster cannot be used: {_what_happened(error)}") from None
        try:
            yield ray
        finally:
            ray.shutdown()


def _check_that_a_cluster_answers(address: str) -> None:
    """Ray itself would try for minutes, and say so at length."""
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        raise UnusableEngine(f"--address is HOST:PORT of the cluster's head, 10.0.0.1:6379 for example, not {address}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError):
        raise UnusableEngine(f"nobody answers at {address}; is `ray start --head` running there?") from None
    question = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    try:
        subprocess.run(question, stdin=subprocess.DEVNULL, capture_output=True, timeout=HEALTH_SECONDS, check=True)
    except subprocess.CalledProcessError as error:
        if b"AuthenticationError" in error.stderr:
            token = "set RAY_AUTH_MODE=token, and have the cluster's token in ~/.ray/auth_token"
            raise UnusableEngine(f"the Ray cluster at {address} wants a token: {token}") from None
        raise UnusableEngine(f"what answers at {address} is no Ray cluster, or one of another version") from None
    except subprocess.TimeoutExpired:
        raise UnusableEngine(f"what answers at {address} is no Ray cluster") from None


class _Member:
    """A node of the cluster with our actor on it, as the driver sees it."""

    def __init__(self, name: str, actor: Any, slots: int) -> None:
        self.name = name
        self.actor = actor
        self.slots = slots  # how many it judges at once
        self.isolation: list[str] | None = None  # once it is ready
        self.work: dict[str, Work] = {}  # what it has in its hands, by key
        self.problem = ""  # what it was last given work of


@dataclass(frozen=True)
class _Answer:
    """Something that an actor was asked for is there, or never will be."""

    node: str
    member: _Member
    work: Work | None  # None: it has started
    future: Future[bytes]


class RayJudging:
    """The driver's side: which nodes there are, what each has in its hands, what is still to be given out."""

    def __init__(self, ray: Any, engine: RayEngine, seed: int, secret: str) -> None:
        self._ray = ray
        self._engine = engine
        self._settings = Settings(list(engine.devices), seed, secret, engine.require_isolation, versions())
        self._gpus = len({device for device in engine.devices if device.startswith("cuda")})
        self._answers: queue.SimpleQueue[_Answer] = queue.SimpleQueue()
        self._members: dict[str, _Member] = {}
        self._left_out: dict[str, str] = {}  # node -> why
        self._losses: Counter[str] = Counter()  # of a node since its last report, and of a key
        self._waiting: dict[str, deque[Work]] = {}  # by problem
        self._parcels: dict[str, Any] = {}
        self._levels: list[list[str]] = []
        self._looked = float("-inf")
        self._alone_since: float | None = None
        self._on_report: OnReport = lambda work, report: None

    @property
    def isolation(self) -> list[str]:
        return min(self._levels, key=lambda layers: LEVELS.index(layers[0]))

    # ----------------------------------------------------------------------------------------------- what is promised

    def wait_for_a_node(self) -> None:
        """Until the first node is ready; raises UnusableEngine when every one was refused."""
        while not self._levels:
            self._look()
            self._take_answers()
            if self._all_are_left_out:
                raise UnusableEngine("no node of the Ray cluster can be used")

    def judge_all(self, work: Sequence[Work], on_report: OnReport, stop: Stop) -> None:
        """See Judging."""
        self._on_report = on_report
        for one in work:
            self._waiting.setdefault(one.problem.slug, deque()).append(one)
        while (not stop.wanted() and any(self._waiting.values())) or any(one.work for one in self._members.values()):
            if not stop.asked:
                self._look()
                self._give_out()
            self._take_answers()
            if self._all_are_left_out:
                say("no node of the Ray cluster can be used any more")
                break

    @property
    def _all_are_left_out(self) -> bool:
        return bool(self._left_out) and not self._members

    def close(self) -> None:
        """Lets the nodes put everything away."""
        closing = [member.actor.close.remote() for member in self._members.values() if not member.work]
        if closing:
            self._ray.wait(closing, num_returns=len(closing), timeout=CLOSE_SECONDS)

    def end(self) -> None:
        """Ends the actors at once; what they were doing is lost."""
        for member in self._members.values():
            self._ray.kill(member.actor)
        self._members.clear()

    # --------------------------------------------------------------------------------------------------- nodes

    def _look(self) -> None:
        """Starts an actor on every node that has none yet."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        for about in self._ray.nodes():
            node = about["NodeID"]
            if about["Alive"] and node not in self._members and node not in self._left_out:
                self._start(node, about)
        self._tell_when_alone(now)

    def _start(self, node: str, about: dict[str, Any]) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        cpus = int(about["Resources"].get("CPU", 0))
        if cpus == 0 or about["Resources"].get("GPU", 0) < self._gpus:
            return  # a head that only directs, say
        slots = min(cpus, self._engine.jobs or cpus)
        actor = (
            self._ray.remote(Node)
            .options(
                num_cpus=slots,
                num_gpus=self._gpus,
                max_concurrency=slots,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
            )
            .remote(msgspec.json.encode(self._settings))
        )
        member = self._members[node] = _Member(f"{about['NodeManagerHostname']} ({node[:8]})", actor, slots)
        self._ask(node, member, actor.start.remote())

    def _tell_when_alone(self, now: float) -> None:
        """Says, once each time, that work waits for a node."""
        if any(member.isolation for member in self._members.values()):
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since > PATIENCE_SECONDS:
            self._alone_since = float("inf")
            lacking = f"CPUs and {self._gpus} GPU(s)" if self._gpus else "CPUs"
            why = "no node is ready, perhaps their CPUs are taken" if self._members else f"no node has {lacking}"
            say(f"waiting for the Ray cluster: {why} (see `ray status`); Ctrl-C stops, what was judged is kept")

    # -------------------------------------------------------------------------------------------------- work

    def _give_out(self) -> None:
        """Gives every node that is ready as much as it can do at once."""
        for node, member in self._members.items():
            while member.isolation and len(member.work) < member.slots and (work := self._next_for(member)):
                member.work[work.key] = work
                parcel = self._parcel(work.problem)
                self._ask(node, member, member.actor.judge.remote(pack_work(work), parcel), work)

    def _next_for(self, member: _Member) -> Work | None:
        """Of the problem that the node knows already, else of the one that has most left for each node at it.

        A node has to see what the reference does before it can judge a problem, so few problems a node cost less.
        """
        if not self._waiting.get(member.problem):
            left = {slug: len(work) for slug, work in self._waiting.items() if work}
            if not left:
                return None
            busy = Counter(one.problem for one in self._members.values() if one is not member)
            member.problem = max(left, key=lambda slug: left[slug] / (1 + busy[slug]))
        return self._waiting[member.problem].popleft()

    def _parcel(self, problem: Problem) -> Any:
        """The problem in Ray's store, from where each node takes it once."""
        if problem.slug not in self._parcels:
            self._parcels[problem.slug] = self._ray.put(pack_problem(problem))
        return self._parcels[problem.slug]

    def _ask(self, node: str, member: _Member, reference: Any, work: Work | None = None) -> None:
        answered = self._answers.put
        reference.future().add_done_callback(lambda future: answered(_Answer(node, member, work, future)))

    # ----------------------------------------------------------------------------------------------- answers

    def _take_answers(self) -> None:
        """Waits a moment for an answer and takes all that are there."""
        with contextlib.suppress(queue.Empty):
            answer = self._answers.get(timeout=TICK)
            while True:
                self._take(answer)
                answer = self._answers.get_nowait()

    def _take(self, answer: _Answer) -> None:
        error = answer.future.exception()
        if self._members.get(answer.node) is not answer.member:
            return  # it was lost before, and all that it had with it
        if error is not None:
            self._lose(answer.node, answer.member, error)
        elif answer.work is None:
            self._welcome(answer.node, answer.member, msgspec.json.decode(answer.future.result(), type=Ready))
        else:
            del answer.member.work[answer.work.key]
            del self._losses[answer.node]
            report = from_exact(answer.future.result())
            self._on_report(answer.work, msgspec.structs.replace(report, file=str(answer.work.solution.path)))

    def _welcome(self, node: str, member: _Member, ready: Ready) -> None:
        if ready.refused is not None:
            self._leave_out(node, member, ready.refused)
            return
        member.isolation = ready.isolation
        self._levels.append(ready.isolation)

    def _leave_out(self, node: str, member: _Member, reason: str) -> None:
        self._left_out[node] = reason
        del self._members[node]
        self._ray.kill(member.actor)
        say(f"node {member.name} is not used: {reason}")

    def _lose(self, node: str, member: _Member, error: BaseException) -> None:
        """The node's actor is gone or fails: what it had is given to others, or to itself when it is started again."""
        lost = list(member.work.values())
        self._losses[node] += 1
        if self._losses[node] >= MOST_LOSSES:
            self._leave_out(node, member, f"its judge failed {MOST_LOSSES} times: {_what_happened(error)}")
        else:
            del self._members[node]
            self._ray.kill(member.actor)
            if member.isolation:
                say(f"node {member.name} is lost; the {len(lost)} it was judging are given out again")
        for one in reversed(lost):
            self._losses[one.key] += 1
            if self._losses[one.key] < MOST_LOSSES:
                self._waiting.setdefault(one.problem.slug, deque()).appendleft(one)
            else:
                told = f"the node that judged it was lost {MOST_LOSSES} times: {_what_happened(error)}"
                about = self._settings
                self._on_report(one, failed(one, told, about.devices, about.seed, self.isolation))


def _what_happened(error: BaseException) -> str:
    """One line: the last of a traceback, else the first."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1 if "Traceback" in str(error) or "ray::" in lines[0] else 0].strip()
