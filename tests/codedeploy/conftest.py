"""A release and CodeDeploy as small servers, as a hook meets them."""

import http.server
import json
import threading

import pytest


class Release(http.server.ThreadingHTTPServer):
    """Answers like a release: `script` holds (status, version, delay in seconds), the last one for ever."""

    daemon_threads = True

    def __init__(self, *script):
        self.script, self.asked = list(script), 0
        super().__init__(("127.0.0.1", 0), Answering)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/version?x=1"


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked += 1
        script = self.server.script
        status, version, delay_s = script.pop(0) if len(script) > 1 else script[0]
        threading.Event().wait(delay_s)
        self.send_response(status)
        if version:
            self.send_header("x-hitless-version", version)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class CodeDeploy(http.server.HTTPServer):
    """Takes what the hook says, where AWS would."""

    def __init__(self):
        self.told = []
        super().__init__(("127.0.0.1", 0), Listening)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Listening(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        assert self.headers["X-Amz-Target"].endswith(".PutLifecycleEventHookExecutionStatus")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append(body)
        answer = json.dumps({"lifecycleEventHookExecutionId": body["lifecycleEventHookExecutionId"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    running = []

    def start(server):
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        running.append((server, thread))
        return server

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def serve_release(serve):
    return lambda *script: serve(Release(*script))


@pytest.fixture
def serve_codedeploy(serve):
    return lambda: serve(CodeDeploy())
