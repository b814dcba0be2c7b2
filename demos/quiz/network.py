"""This server in the network: how phones reach it, who asks and how often, what is refused, which process it is."""

import os
import re
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request

SIGNS = ("/.dockerenv", "/run/.containerenv")
# Of a page: scheme, host, port, path.
ADDRESS = re.compile(
    r"https?://(\[[0-9a-f:]+\]|[\w.-]{1,253})(:\d{1,5})?(/[\w.~%-]{1,60}){0,9}", re.ASCII
)


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


def public_address(request: Request) -> str:
    """How phones reach this app: PUBLIC_URL, a Space's own host, else as the page that asks was reached.

    The page says so itself in the header x-page: many a proxy tells its server nothing. One that is open on this very
    computer is reached by others at this machine's address in its network. Without a slash at the end.
    """
    if given := os.environ.get("PUBLIC_URL"):
        return given.rstrip("/")
    if host := os.environ.get("SPACE_HOST"):
        return f"https://{host}"
    headers, below = request.headers, os.environ.get("GRADIO_ROOT_PATH", "").rstrip("/")
    host = headers.get("x-forwarded-host", headers.get("host", "")).partition(",")[0]
    scheme = headers.get("x-forwarded-proto", request.url.scheme).partition(",")[0]
    told = (headers.get("x-page", ""), below, f"{scheme}://{host}{below}")
    address = next((each for each in told if ADDRESS.fullmatch(each)), "http://localhost")
    if (
        not only_here(address)
        or os.environ.get("GRADIO_SERVER_NAME") != "0.0.0.0"
        or in_container()
    ):
        return address
    asked = urlsplit(address)
    port = f":{asked.port}" if asked.port else ""
    return f"{asked.scheme}://{local_address()}{port}{asked.path}"


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
    try:  # on Linux counted from the machine's start: no clock that is set meanwhile changes it
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        pass
    import psutil

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return "never"
