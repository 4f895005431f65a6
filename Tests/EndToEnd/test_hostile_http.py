"""Hostile requests at the HTTP door."""

import http.client
import json
import socket

import pytest

from server import wait_until_answers
from waiting import eventually

JSON = {"Content-Type": "application/json"}
PING = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server.ping", "params": {}})


@pytest.fixture
def page(tmp_path):
    """A folder to serve, with a secret beside it."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "style.css").write_text("body {}")
    (tmp_path / "secret.txt").write_text("outside secret")
    return folder


@pytest.fixture(autouse=True)
def unharmed(lasting_server):
    before = lasting_server.resident_mib
    yield
    wait_until_answers(lasting_server)
    assert lasting_server.get("/healthz")[0] == 200
    grown = lasting_server.resident_mib - before
    assert grown < 100, f"the server's memory grew by {grown:.0f} MiB"


def raw(server, data, timeout=20):
    """Sends bytes as they are; returns everything up to the end of the stream."""
    with socket.create_connection(server.http, timeout=timeout) as connection:
        connection.sendall(data)
        received = b""
        while part := connection.recv(65536):
            received += part
        return received


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None


def ended(connection):
    """Whether the server answers or closes before the socket's timeout."""
    try:
        connection.recv(4096)
    except TimeoutError:
        return False
    except ConnectionResetError:
        pass
    return True


def rpc(server, body, **headers):
    code, _, content = server.request("POST", "/rpc", body, JSON | headers)
    return code, json.loads(content) if content else None


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "169.254.169.254"]
)
def test_a_foreign_host_is_refused_for_reads_and_writes(lasting_server, host):
    code, _, _ = lasting_server.request("POST", "/rpc", PING, JSON | {"Host": host})
    assert code in (400, 403, 421), f"POST with Host {host} must be refused, got {code}"
    for path in ("/", "/healthz", "/metrics", "/thumbnails/1.png"):
        code = lasting_server.get(path, Host=host)[0]
        assert code in (400, 403, 421), f"GET {path} with Host {host} must be refused, got {code}"


def test_loopback_names_and_allowed_hosts_are_served(make_server):
    server = make_server("--allowed-host", "trainer.example")
    port = server.http[1]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost", f"[::1]:{port}", "trainer.example"):
        assert server.request("POST", "/rpc", PING, JSON | {"Host": host})[0] == 200, host


def test_no_host_or_two_are_refused(lasting_server):
    none = b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert status(raw(lasting_server, none)) in (400, 421)
    two = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert status(raw(lasting_server, two)) in (400, 403, 421)


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1.evil.example", "http://localhost.evil.example"]
)
def test_a_foreign_origin_is_refused(lasting_server, origin):
    code, headers, _ = lasting_server.request("POST", "/rpc", PING, JSON | {"Origin": origin})
    assert code in (400, 403), f"Origin {origin} must be refused, got {code}"
    assert "access-control-allow-origin" not in headers
    code = lasting_server.request("POST", "/logout", None, {"Origin": origin})[0]
    assert code in (400, 403), f"Origin {origin} on /logout must be refused, got {code}"


def test_its_own_origin_is_served(lasting_server):
    own = f"http://127.0.0.1:{lasting_server.http[1]}"
    assert lasting_server.request("POST", "/rpc", PING, JSON | {"Origin": own})[0] == 200


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp"]
)
def test_only_json_is_taken(lasting_server, kind):
    code = lasting_server.request("POST", "/rpc", PING, {"Content-Type": kind} if kind else {})[0]
    assert code in (400, 403, 415), f"Content-Type {kind} must be refused, got {code}"


def test_json_with_a_charset_is_taken(lasting_server):
    assert rpc(lasting_server, PING, **{"Content-Type": "application/json; charset=utf-8"})[0] == 200


def test_other_verbs_are_refused(lasting_server):
    for verb in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert lasting_server.request(verb, "/rpc")[0] in (403, 404, 405), f"{verb} /rpc"
    assert lasting_server.request("POST", "/healthz")[0] in (403, 404, 405)


BODIES = {
    "nothing": ("", -32700),
    "garbage": ("\x00garbage", -32700),
    "half": ('{"jsonrpc":"2.0",', -32700),
    "a batch": (f"[{PING}]", -32600),
    "no id": ('{"jsonrpc":"2.0","method":"server.ping"}', -32600),
    "a number": ("7", -32600),
    "100 000 brackets": ("[" * 100_000 + "]" * 100_000, None),
    "unknown method": ('{"jsonrpc":"2.0","id":1,"method":"no.such"}', -32601),
}


@pytest.mark.parametrize("body, expected", BODIES.values(), ids=BODIES.keys())
def test_bad_bodies_get_json_rpc_errors(lasting_server, body, expected):
    code, answer = rpc(lasting_server, body)
    assert code in (200, 400), f"got {code}"
    assert "error" in answer, f"expected an error: {answer}"
    assert expected is None or answer["error"]["code"] == expected, f"expected {expected}: {answer}"
    assert answer["error"]["data"]["kind"] and isinstance(answer["error"]["data"]["final"], bool)


PATHS = [
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e%2fsecret.txt",
    "/..%5csecret.txt",
    "/....//secret.txt",
    "/./../secret.txt",
    "//secret.txt",
    "//../secret.txt",
    "/style.css/../../secret.txt",
    "/%252e%252e/secret.txt",
    "/..;/secret.txt",
    "/../page/../secret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/style.css%00.html",
    "/etc/passwd",
    "//etc/passwd",
    "/vendor/../../secret.txt",
    "/vendor/%2e%2e/secret.txt",
    "/vendor/..%2f..%2f..%2fetc/passwd",
    "/vendor//etc/passwd",
]


def test_static_files_never_leave_their_folder(make_server, page):
    server = make_server("--web", page)
    assert b"page" in server.get("/")[2] and server.get("/style.css")[0] == 200
    served = []
    for path in PATHS:
        answer = raw(server, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        if status(answer) not in (400, 403, 404) or b"outside secret" in answer or b"root:" in answer:
            served.append((path, answer[:80]))
    assert served == [], "these paths must be refused"


def test_the_page_has_a_strict_content_policy(make_server, page):
    headers = make_server("--web", page).get("/")[1]
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy, policy
    assert headers.get("x-content-type-options") == "nosniff"


PICTURES = [
    "/thumbnails/../../telemetry.png",
    "/thumbnails/-1.png",
    "/thumbnails/1e3.png",
    "/thumbnails/99999999999999999999.png",
    "/thumbnails/1.png?size=x",
    "/thumbnails/.png",
    "/thumbnails/1%00.png",
    "/thumbnails/1;drop.png",
    "/frames/../telemetry/0.png",
    "/frames/%2e%2e/frames/0.png",
    "/frames/a%2f..%2fb/frames/0.png",
    "/frames/run/frames/-1.png",
    "/frames/run/frames/01.png",
    "/frames/run/..%2fframes/0.png",
    "/frames/run/frames/99999999999999999999.png",
    "/frames/run/frames/0.png?size=99999999999999999999",
    "/frames/nobody/frames/0.png?size=-5",
    "/episodes/nobody/frames?from=-1&to=x",
    "/episodes/%2e%2e/frames?from=0&to=1",
]


@pytest.mark.parametrize("path", PICTURES)
def test_odd_picture_addresses_are_refused(lasting_server, path):
    answer = raw(lasting_server, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert status(answer) in (400, 404), f"GET {path}: {answer[:200]}"


def test_odd_sizes_of_a_real_picture(lasting_server):
    lasting_server.post("runs.start", {"run_id": "sizes"})
    frame = {"dtype": "uint8", "shape": [4, 4], "base64": "AAECAwQFBgcICQoLDA0ODw=="}
    step = {"episode_id": "s", "step_index": 0, "reward": 0, "terminated": False, "truncated": False, "frame": frame}
    params = {"run_id": "sizes", "steps": [step], "producer": "0f4ab7fc-0d8a-4bd5-a1bd-1c6d2a2f7a10", "seq": 1}
    lasting_server.post("steps.append", params)
    for size in ("0", "-1", "abc", "1.5", "", "1e9", "99999999999999999999", "2147483648"):
        code, headers, body = lasting_server.get(f"/frames/sizes/frames/0.png?size={size}")
        assert code in (200, 400, 404), f"size={size}: {code}"
        assert len(body) < 10_000, f"size={size} gave {len(body)} bytes"
    assert lasting_server.get("/frames/sizes/frames/0.png")[0] == 200


def test_an_oversized_body_is_refused_early(lasting_server):
    head = "POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
    for length in (10**10, 10**18, 10**30, -1, "abc"):
        answer = raw(lasting_server, head.format(length).encode(), timeout=10)
        assert status(answer) in (400, 413, None), f"Content-Length {length}: {answer[:200]}"


def test_an_endless_chunked_body_is_cut(lasting_server):
    head = (
        "POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    before = lasting_server.resident_mib
    with socket.create_connection(lasting_server.http, timeout=30) as connection:
        connection.sendall(head.encode())
        chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
        sent = 0
        try:
            while sent < 2000:
                connection.sendall(chunk)
                sent += 1
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
    assert sent < 2000, "a body of 2 GB must not be swallowed"
    assert lasting_server.resident_mib - before < 1100, "at most the memory budget of all connections"
    eventually(lambda: lasting_server.get("/healthz")[0] == 200, "the door answers")
    eventually(lambda: lasting_server.resident_mib - before < 100, "the memory of a cut body is given back", within=20)


def test_slow_bodies_and_heads_do_not_stop_others(lasting_server, is_long):
    head = b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    slow = [socket.create_connection(lasting_server.http, timeout=100) for _ in range(100)]
    for k, connection in enumerate(slow):
        connection.sendall(head if k % 2 else b"GET / HT")
    assert rpc(lasting_server, PING)[0] == 200, "others are served meanwhile"
    for connection in slow[:2] if is_long else []:
        assert ended(connection), "a request that never gets complete is given up within 100 s"
    for connection in slow:
        connection.close()


def test_smuggling_and_broken_heads(lasting_server):
    for head in (
        b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        + b"".join(b"X-%d: y\r\n" % k for k in range(20_000))
        + b"Connection: close\r\n\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x00\xb6" + bytes(200) + b"\r\n\r\n",
    ):
        try:
            answer = raw(lasting_server, head)
        except (ConnectionResetError, BrokenPipeError):
            continue
        assert status(answer) in (400, 403, 404, 413, 414, 431, 505, None), f"{head[:80]}: {answer[:200]}"


def test_login_gives_a_cookie_that_scripts_cannot_read(make_server):
    server = make_server(HOLDFAST_TOKEN="a long enough token")
    wrong = server.request("POST", "/login", json.dumps({"token": "nope"}), JSON)
    assert wrong[0] == 401 and "set-cookie" not in wrong[1]
    code, headers, _ = server.request("POST", "/login", json.dumps({"token": "a long enough token"}), JSON)
    cookie = headers["set-cookie"]
    assert code in (200, 204) and "HttpOnly" in cookie and "SameSite=Strict" in cookie, cookie
    assert "a long enough token" not in cookie, "the cookie is a session, not the token"
    pair = cookie.split(";")[0]
    assert server.request("POST", "/rpc", PING, JSON | {"Cookie": pair})[0] == 200
    server.request("POST", "/logout", None, {"Cookie": pair})
    server.stop()
    server.start()
    assert server.request("POST", "/rpc", PING, JSON | {"Cookie": pair})[0] == 401, "after logout the cookie is void"
    assert server.request("POST", "/rpc", PING, JSON | {"Cookie": "session=x; token=y"})[0] == 401


def test_many_requests_on_one_connection(lasting_server):
    connection = http.client.HTTPConnection(*lasting_server.http, timeout=20)
    for _ in range(200):
        connection.request("POST", "/rpc", PING, JSON)
        response = connection.getresponse()
        assert response.status == 200 and json.loads(response.read())["id"] == 1
    connection.close()
