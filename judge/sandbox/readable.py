"""Which files a solution may read: Python, its packages one by one, and what the C library wants; never the judge.

Landlock grants folders as a whole, so a folder that holds something of the judge is taken apart into its entries.
"""

from __future__ import annotations

import functools
import glob
import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator

LIBRARY_FOLDERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64")
SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/dev/null",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
)
DEVICES = ("/dev/null", "/dev/zero")

CUDA_DEVICES = ("/dev/nvidia*", "/dev/nvidia-caps", "/dev/dxg")
CUDA_FILES = (
    "/proc/driver/nvidia*",
    "/proc/devices",
    "/proc/modules",
    "/sys/module/nvidia*",
    "/sys/bus/pci",
    "/sys/devices",
    "/usr/local/nvidia",
    "/usr/local/cuda*",
    "/usr/lib64-nvidia",
    "/usr/lib/wsl",
    "/run/opengl-driver",
)

SITE_FOLDERS = ("site-packages", "dist-packages")
OURS = re.compile(
    r"judge|judge-.*\.(dist|egg)-info|judge\.egg-link|__editable__.*judge.*|_editable_impl_judge.*|.*\.pth"
)


def readable_paths() -> list[str]:
    """What a solution may read on the CPU: existing real paths, none of which holds anything of the judge."""
    return list(_readable_paths())


@functools.cache
def _readable_paths() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    sites = [path for path in (*sys.path, paths["purelib"], paths["platlib"]) if os.path.basename(path) in SITE_FOLDERS]
    standard = [paths["stdlib"], paths["platstdlib"], *(path for path in sys.path if path.endswith("lib-dynload"))]
    prefixes = [os.path.join(sys.base_prefix, "lib"), os.path.join(sys.base_exec_prefix, "lib")]
    folders = [*sites, *standard, *prefixes, *LIBRARY_FOLDERS]
    hidden = _hidden(sites)
    found: set[str] = set()
    for folder in folders:
        found.update(granted(folder, hidden))
    found.update(os.path.realpath(path) for path in SYSTEM_FILES if os.path.exists(path))
    return tuple(sorted(path for path in found if not _parents(path) & found))


def granted(folder: str, hidden: Iterable[str]) -> Iterator[str]:
    """The folder itself if nothing hidden lies in it, else those of its entries of which that is true, and so on.

    A link in a site folder stands for the package that it points to; elsewhere links are left out, as they lead to
    what has its own rule or was not meant.
    """
    folder = os.path.realpath(folder)
    hidden = [path for path in hidden if path == folder or _below(path, folder)]
    if folder in hidden or not os.path.exists(folder):
        return
    if not hidden:
        yield folder
        return
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.is_symlink():
                yield from granted(entry.path, hidden)
            elif os.path.basename(folder) in SITE_FOLDERS and entry.path not in hidden:
                target = os.path.realpath(entry.path)
                if os.path.exists(target) and not any(path == target or _below(path, target) for path in _judge()):
                    yield target


def _hidden(sites: Iterable[str]) -> list[str]:
    """The judge's own folders and whatever belongs to an installed judge, in whichever folder of packages."""
    hidden = set(_judge())
    stdlib = sysconfig.get_paths()["stdlib"]
    elsewhere = [os.path.join(stdlib, "site-packages"), "/usr/lib/python3/dist-packages"]
    elsewhere += glob.glob("/usr/lib*/python3*/site-packages") + glob.glob("/usr/local/lib*/python3*/*-packages")
    sites = {os.path.realpath(site) for site in sites}
    for site in sites | {os.path.realpath(other) for other in elsewhere}:
        if os.path.isdir(site):
            for name in os.listdir(site):
                # Other .pth files are no concern in folders that this Python does not use.
                if OURS.fullmatch(name) and (site in sites or not name.endswith(".pth")):
                    hidden.add(os.path.join(site, name))
    return sorted(hidden)


@functools.cache
def _judge() -> tuple[str, ...]:
    """The package and, unless it is installed, the repository around it."""
    package = os.path.realpath(os.path.dirname(os.path.dirname(__file__)))
    around = os.path.dirname(package)
    return (package,) if os.path.basename(around) in SITE_FOLDERS else (package, around)


def cuda_devices() -> list[str]:
    """The device files of the GPUs."""
    return [path for pattern in CUDA_DEVICES for path in glob.glob(pattern)]


def cuda_files() -> list[str]:
    """What CUDA's driver reads besides libraries."""
    return [path for pattern in CUDA_FILES for path in glob.glob(pattern)]


def everybody_can_read(paths: Iterable[str]) -> bool:
    """Whether any user of the machine can get at these paths, by the permissions on them and the folders above."""
    for path in paths:
        if not os.stat(path).st_mode & 0o004 or not all(os.stat(folder).st_mode & 0o001 for folder in _parents(path)):
            return False
    return True


def _below(path: str, folder: str) -> bool:
    return path != folder and path.startswith(folder.rstrip("/") + "/")


def _parents(path: str) -> set[str]:
    parents = set()
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        parents.add(path)
    return parents
