"""This server in the network: how phones reach it, who asks and how often, what is refused, which process it is."""

import os
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request

SIGNS = ("/.dockerenv", "/run/.containerenv")


class Refusal(ValueError):
    """What a request lacks, to be shown. status: of HTTP. again: seconds after which the page may ask once more."""

    def __init__(self, text: str, status: int = 400, again: int = 0):
        super().__init__(text)
        self.status, self.again = status, again


class Bucket:
    """So many at once and so many a second from one address: a whole class may sit behind one."""

    def __init__(self, most: float, rate: float, now: Callable[[], float] = time.monotonic):
        self.most, self.rate, self.now = most, rate, now
        self.left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> bool:
        now = self.now()
        left, since = self.left.pop(address, (self.most, now))
        left = min(self.most, left + (now - since) * self.rate)
        self.left[address] = (left - (left >= 1), now)
        if len(self.left) > 10_000:
            self.left.popitem(last=False)
        return left >= 1


def visitor(request: Request) -> str:
    """Whom to count. Behind a Space's proxy the visitor is named in a header, which nobody else is believed."""
    if os.environ.get("SPACE_HOST"):
        return request.headers.get("x-forwarded-for", "").split(",")[0].strip()[:60]
    return request.client.host if request.client else ""


def public_address(request: Request, below: str = "") -> str:
    """How phones reach this server: PUBLIC_URL, a Space's own host, else this machine's address in its network.

    below: the path that the app lies below, as the page that asks has it: a proxy may tell the server nothing of it.
    """
    if given := os.environ.get("PUBLIC_URL"):
        return given.rstrip("/")
    if host := os.environ.get("SPACE_HOST"):
        return f"https://{host}"
    asked = urlsplit(str(request.base_url))
    if (
        asked.hostname in ("127.0.0.1", "localhost")
        and os.environ.get("GRADIO_SERVER_NAME") == "0.0.0.0"
        and not in_container()  # whose own address only its host reaches, and maybe at another port
    ):
        return f"http://{local_address()}:{asked.port}{below}"
    return f"{asked.scheme}://{asked.netloc}{below}"


def local_address() -> str:
    """This machine's address in its network; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(
                ("192.0.2.1", 9)
            )  # an address for documentation: it decides the route, nothing leaves
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def in_container() -> bool:
    """Docker and Podman leave a file; Kubernetes names its service."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) or any(map(os.path.exists, SIGNS))


def only_here(address: str) -> bool:
    """Whether phones cannot reach it: this machine's name for itself, or a container's address behind its host."""
    host = urlsplit(address).hostname or ""
    named = os.environ.get("PUBLIC_URL") or os.environ.get("SPACE_HOST")
    inside = not named and in_container() and host == local_address()
    return host in ("localhost", "::1", "0.0.0.0") or host.startswith("127.") or inside


def process() -> str:
    """A name for this process that no other one has or will have on this machine."""
    return f"{socket.gethostname()} {os.getpid()} {_begun(os.getpid())}"


def alive(name: str) -> bool:
    """Whether the process of that name still runs. One on another machine cannot be asked and counts as alive."""
    host, pid, begun = name.split()
    return host != socket.gethostname() or _begun(int(pid)) == begun


def _begun(pid: int) -> str:
    """When a process began, as its system tells it: a number that is given again comes with another time."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return "never"
