"""Every route of the HTTP door, and who gets in there: nobody, a wrong token, a token of each role alone."""

import http.client
import itertools
import json
import re
from pathlib import Path

import numpy
import pytest

import splits
from replay import send_rows, start, tiny_step
from server import Server
from wire import Producer

ROOT = Path(__file__).parents[2]
VAULT = "vault-key"

ROLES = ("read", "ingest", "label", "holdout", "admin")
CALLERS = ("nobody", "wrong", *ROLES)

EVERYBODY = (200,) * len(CALLERS)
#:        nobody, wrong, read, ingest, label, holdout, admin
READERS = (401, 401, 200, 403, 403, 403, 403)

#: What is asked for at each route, and the status for each of the callers.
ROUTES = {
    ("GET", "/healthz"): ("/healthz", EVERYBODY),
    ("GET", "/healthz/live"): ("/healthz/live", EVERYBODY),
    ("GET", "/healthz/ready"): ("/healthz/ready", EVERYBODY),
    ("POST", "/login"): ("/login", (400, 401, 204, 204, 204, 204, 204)),
    ("POST", "/logout"): ("/logout", (204, 204, 204, 204, 204, 204, 204)),
    ("GET", "/rpc"): ("/rpc", (405,) * len(CALLERS)),
    ("POST", "/rpc"): ("/rpc", (401, 401, 200, 200, 200, 200, 200)),
    ("GET", "/events"): ("/events", READERS),
    ("GET", "/metrics"): ("/metrics", READERS),
    ("GET", "/metrics/rows"): ("/metrics/rows", READERS),
    ("GET", "/thumbnails/:file"): ("/thumbnails/{open}.png?size=4", READERS),
    ("GET", "/frames/:run/:dataset/:file"): ("/frames/run/frames/0.png", READERS),
    ("GET", "/episodes/:episode/frames"): ("/episodes/episode/frames", READERS),
    ("GET", "/exports/labels"): ("/exports/labels", READERS),
    ("GET", "/exports/lineage/:record"): ("/exports/lineage/{record}", READERS),
}

#: The page that asks for the token, and what is not there.
FILES = {"/": 200, "/app.js": 200, "/nowhere": 404, "/thumbnails": 404}

#: A method that needs each role, as `POST /rpc` takes it.
METHODS = {
    "read": ("runs.list", {}),
    "ingest": ("runs.start", {"run_id": "run"}),
    "label": ("labels.release", {"annotator": "ada"}),
    "holdout": ("holdout.images", {}),
    "admin": ("tokens.list", {}),
}

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def guarded(binary, tmp_path_factory):
    """A server with something behind each route, and with tokens."""
    data = tmp_path_factory.mktemp("roles") / "data"
    server = Server(binary, data, "--web", ROOT / "Web", token=VAULT, HOLDFAST_HOLDOUT_TOKEN=VAULT).start()
    try:
        with server.connect() as connection:
            server.contents = fill(connection)
            connection.call("tokens.create", {"name": "first", "roles": ["admin"]})
        yield server
        server.stop()
    finally:
        server.clean_up()


@pytest.fixture
def tokens(guarded):
    """A token for each of the callers; a test's own, as a logout ends all that a token began in that second."""
    given = {"nobody": None, "wrong": "hf_0_0", "vault": VAULT}
    with guarded.connect() as connection:
        for roles in (*([role] for role in ROLES), ["read", "holdout"]):
            asked = {"name": f"{next(_numbers)}", "roles": roles}
            given["+".join(roles)] = connection.call("tokens.create", asked)["token"]
    return given


def fill(connection):
    """Makes what the routes show: the ids of an image on each side of the hold-out, and that of a variable's record."""
    start(connection, "run")
    producer = send_images(connection)
    send_rows(connection, "run", [tiny_step(0, frame=numpy.zeros((4, 4), numpy.uint8))], producer)
    saved = producer.call("variables.save_many", {"saves": [{"variable": "w", "metadata": {}, "value": {"json": 1}}]})
    [held_out] = connection.call("holdout.images")["images"]
    return {"open": 3 - held_out["id"], "held_out": held_out["id"], "record": saved["saved"][0]["record_id"]}


def send_images(connection):
    """Two images, of which one is held out."""
    names = [f"{number}.dcm" for number in range(100)]
    chosen = [next(name for name in names if splits.at_insert(name) == split) for split in (None, "test")]
    producer = Producer(connection)
    pixels = numpy.arange(64, dtype=numpy.uint8).reshape(8, 8)
    images = [{"filename": name, "image": pixels + number} for number, name in enumerate(chosen)]
    assert producer.call("images.insert", {"images": images})["ids"] == [1, 2]
    return producer


def status(server, verb, path, token=None, cookie=None, body=None):
    """Of the beginning of an answer, as some never end. Each comes from elsewhere, as wrong tokens are counted."""
    headers = {"X-Forwarded-For": f"198.18.{next(_numbers)}.1", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if cookie:
        headers["Cookie"] = cookie
    connection = http.client.HTTPConnection(*server.http, timeout=20)
    try:
        connection.request(verb, path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def log_in(server, token):
    """The cookie of a login, with a wrong token one that nobody gave out."""
    body = json.dumps({"token": token})
    headers = {"Content-Type": "application/json", "X-Forwarded-For": f"198.18.{next(_numbers)}.1"}
    _, answer, _ = server.request("POST", "/login", body, headers)
    return answer.get("set-cookie", "holdfast_session=0-0-0").partition(";")[0]


def body_of(verb, pattern, token):
    """What is sent to a route: the login's token, a call that any token may make."""
    if verb != "POST":
        return None
    if pattern == "/login":
        return json.dumps({"token": token} if token else {})
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "server.ping", "params": {}})


@pytest.mark.parametrize("carrier", ["header", "cookie"])
@pytest.mark.parametrize("verb, pattern", ROUTES)
def test_a_route_is_open_to_its_roles_alone(guarded, tokens, verb, pattern, carrier):
    path, expected = ROUTES[verb, pattern]
    found = {}
    for caller in CALLERS:
        token = tokens[caller]
        sent = {"body": body_of(verb, pattern, token)}
        if token and carrier == "header":
            sent["token"] = token
        elif token:
            sent["cookie"] = log_in(guarded, token)
        # The server makes a HEAD of each GET.
        for asked in ("HEAD", "GET") if verb == "GET" else (verb,):
            found[asked, caller] = status(guarded, asked, path.format(**guarded.contents), **sent)
    wanted = {(asked, caller): expected[CALLERS.index(caller)] for asked, caller in found}
    assert found == wanted, f"{pattern}, the token as {carrier}"


@pytest.mark.parametrize("path", FILES)
def test_the_page_is_there_for_everybody(guarded, tokens, path):
    found = {caller: status(guarded, "GET", path, tokens[caller]) for caller in CALLERS}
    assert found == dict.fromkeys(CALLERS, FILES[path])


@pytest.mark.parametrize("role", ROLES)
def test_a_method_over_http_is_open_to_its_role_alone(guarded, tokens, role):
    method, params = METHODS[role]
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    allowed = []
    for caller in ROLES:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {tokens[caller]}"}
        _, _, answer = guarded.request("POST", "/rpc", body, headers)
        error = json.loads(answer).get("error", {}).get("data")
        assert error in (None, {"kind": "forbidden", "role": role, "final": False}), f"{method} with {caller}: {answer}"
        allowed += [] if error else [caller]
    assert allowed == [role], f"{method} is for {role}, and was open to {allowed}"


@pytest.mark.parametrize("carrier", ["header", "cookie"])
def test_the_thumbnail_of_a_held_out_image_needs_read_and_holdout(guarded, tokens, carrier):
    wanted = {"nobody": 401, "wrong": 401, **dict.fromkeys(ROLES, 403), "read+holdout": 200, "vault": 200}
    path, found = f"/thumbnails/{guarded.contents['held_out']}.png", {}
    for caller in wanted:
        token = tokens[caller]
        sent = {"token": token} if carrier == "header" or not token else {"cookie": log_in(guarded, token)}
        found[caller] = status(guarded, "GET", path, **sent)
    assert found == wanted


@pytest.mark.parametrize("vault, expected", [(None, 200), (VAULT, 403)])
def test_without_tokens_a_held_out_image_is_closed_where_the_vault_has_a_key(make_server, vault, expected):
    server = make_server(**({"HOLDFAST_HOLDOUT_TOKEN": vault} if vault else {}))
    with server.connect() as connection:
        send_images(connection)
    found = [status(server, "GET", f"/thumbnails/{id}.png", token) for token in (None, vault) for id in (1, 2)]
    assert found == [200, expected, 200, 200], "the second image is held out, and its key opens it"


# --- Which routes there are


#: A registration: the verb, and the path or the name of a variable that is one of several.
REGISTRATION = re.compile(r"\.(get|head|post|put|patch|delete|on|ws)\(\s*(?:\"(/[^\"]*)\"|(\w+)\s*[,)])")
PATHS = re.compile(r"for (\w+)\s*:\s*RouterPath in \[([^\]]*)\]")
LITERAL = re.compile(r'"(/[a-z:][^"\\\s]*)"')


def routes_of(source):
    """What a file of the server registers with its router."""
    several = {name: LITERAL.findall(paths) for name, paths in PATHS.findall(source)}
    for verb, path, name in REGISTRATION.findall(source):
        for each in [path] if path else several.get(name, []):
            yield verb.upper(), each


def test_every_route_is_in_the_table():
    registered, named = set(), set()
    for path in (ROOT / "Server").rglob("*.swift"):
        source = re.sub(r"//.*", "", path.read_text())
        if re.search(r"^import Hummingbird$", source, re.MULTILINE):
            registered |= set(routes_of(source))
            named |= set(LITERAL.findall(source))
    assert registered == ROUTES.keys(), "the routes in the code, and those in the table of this file"
    # One that is registered in a way that is not looked for is at least spelled somewhere.
    assert named == {path for _, path in ROUTES}, "paths that are spelled in the code, and those in the table"
