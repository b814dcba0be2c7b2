"""A real nginx in front of the app: with its defaults, telling the app nothing, or with what its guides say.

/        in front of an app at the root, which is told nothing of the proxy
/demo/   in front of an app that was started with GRADIO_ROOT_PATH=/demo, which is told nothing else
https    in front of an app at the root, with the headers that everybody copies from the guides
"""

import contextlib
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

NGINX = shutil.which(
    "nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin"
)
CONFIGURATION = """
daemon off; pid {home}/pid; error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  server {{
    listen 127.0.0.1:{plain};
    location / {{ proxy_pass {root}; }}
    location /demo/ {{ proxy_pass {below}/; }}
  }}
  server {{
    listen 127.0.0.1:{secure} ssl;
    ssl_certificate {home}/cert.pem; ssl_certificate_key {home}/key.pem;
    location / {{
      proxy_pass {root};
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
  }}
}}
"""


@contextlib.contextmanager
def serving(home: Path, root: str, below: str) -> Iterator[dict[str, str]]:
    """root, below: addresses of the two apps. -> {"/": ..., "/demo": ..., "https": ...}, no slash at the end."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        plain, secure = (probe.getsockname()[1] for probe in probes)
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    made += ["-keyout", home / "key.pem", "-out", home / "cert.pem"]
    subprocess.run(made, check=True, capture_output=True)
    settings = dict(home=home, root=root, below=below, plain=plain, secure=secure)
    (home / "nginx.conf").write_text(CONFIGURATION.format(**settings))
    command = [NGINX, "-p", home, "-c", home / "nginx.conf"]
    nginx = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        for port in (plain, secure):
            while True:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                assert nginx.poll() is None, nginx.stderr.read().decode()
        local = f"http://127.0.0.1:{plain}"
        yield {"/": local, "/demo": f"{local}/demo", "https": f"https://127.0.0.1:{secure}"}
    finally:
        nginx.terminate()
        nginx.communicate()


def trusting() -> ssl.SSLContext:
    """For a client that does not ask who signed."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
