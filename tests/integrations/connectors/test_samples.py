"""The samples that receivers copy: each says yes to what Truckroll sends and no to what it did not."""

import base64
import json
import shutil
import subprocess
from typing import Any
from uuid import UUID

import pytest

from tests.factories.world import Company
from webapp.config import ROOT
from webapp.integrations import rules as webhooks
from webapp.integrations.connectors import rules
from webapp.integrations.samples import SAMPLES

NOW = 1_750_000_000
KEY, SECRET = "sk_live_test", "whsec_" + base64.b64encode(b"a" * 24).decode()
FOLDER = ROOT / "webapp" / "integrations" / "samples"

# each reads cases from its input, calls the sample and prints what it said
PYTHON = """
import json, sys
sys.path.insert(0, {folder!r})
import verify
class Headers(dict):
    def get(self, name, default=None):
        return next((v for k, v in self.items() if k.lower() == name.lower()), default)
out = []
for c in json.load(sys.stdin):
    body = c["body"].encode()
    if c["what"] == "call":
        out.append(verify.verify_call(c["keys"], c["url"], c["query"], Headers(c["headers"]), body, c["now"]))
    elif c["what"] == "webhook":
        out.append(verify.verify_webhook(c["secret"], Headers(c["headers"]), body, c["now"]))
    else:
        out.append(verify.verify_own_header(c["secret"], c["header"], body, c["now"]))
print(json.dumps(out))
"""
NODE = """
const v = require({folder!r} + "/verify.js");
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map((c) =>
  c.what === "call" ? v.verifyCall(c.keys, c.url, c.query, c.headers, Buffer.from(c.body), c.now)
  : c.what === "webhook" ? v.verifyWebhook(c.secret, c.headers, Buffer.from(c.body), c.now)
  : v.verifyOwnHeader(c.secret, c.header, Buffer.from(c.body), c.now))));
"""
PHP = """
require {folder!r} . '/verify.php';
$out = [];
foreach (json_decode(stream_get_contents(STDIN), true) as $c) {{
    $out[] = $c['what'] === 'call' ? verify_call($c['keys'], $c['url'], $c['query'], $c['headers'], $c['body'], $c['now'])
        : ($c['what'] === 'webhook' ? verify_webhook($c['secret'], $c['headers'], $c['body'], $c['now'])
        : verify_own_header($c['secret'], $c['header'], $c['body'], $c['now']));
}}
echo json_encode($out);
"""
RUBY = """
require {folder!r} + "/verify.rb"
cases = JSON.parse($stdin.read)
puts JSON.generate(cases.map {{ |c|
  case c["what"]
  when "call" then Truckroll.verify_call(c["keys"], c["url"], c["query"], c["headers"], c["body"], c["now"])
  when "webhook" then Truckroll.verify_webhook(c["secret"], c["headers"], c["body"], c["now"])
  else Truckroll.verify_own_header(c["secret"], c["header"], c["body"], c["now"])
  end
}})
"""
COMMANDS = {"python3": ("-c", PYTHON), "node": ("-e", NODE), "php": ("-r", PHP), "ruby": ("-e", RUBY)}
HERE = [name for name in COMMANDS if shutil.which(name)]  # python is always one of them


def say(runtime: str, cases: list[dict[str, Any]]) -> list[bool]:
    flag, program = COMMANDS[runtime]
    done = subprocess.run([runtime, flag, program.replace("{{", "{").replace("}}", "}").replace("{folder!r}", repr(str(FOLDER)))],
                          input=json.dumps(cases), capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: list[bool] = json.loads(done.stdout)
    return found


def call(
    method: str, inputs: dict[str, Any], url: str = "https://shop.example.com/orders", at: int = NOW
) -> dict[str, Any]:
    built = rules.build(method, url, inputs)
    sent = rules.headers(built, KEY, "idem_0001", at)
    return {"what": "call", "keys": [KEY], "url": built.base, "query": built.query, "body": built.content.decode(),
            "headers": {k.lower(): v for k, v in sent.items()}, "now": NOW}  # fmt: skip


def webhook(secrets: list[str] | None = None, at: int = NOW) -> dict[str, Any]:
    body = '{"event":"sale.created","data":{"name":"Zoë"}}'
    used = [webhooks.Secret(s) for s in secrets or [SECRET]]
    sent = webhooks.headers("growth", used, UUID(int=7), at, body.encode())
    return {"what": "webhook", "secret": SECRET, "body": body, "header": sent["X-EAL-Signature"], "now": NOW,
            "headers": {k.lower(): v for k, v in sent.items()}}  # fmt: skip


HARD = {
    "plain": "33601", "spaces": "a b+c", "accents": "café ñ", "astral": "🛠", "quotes": 'he said "no" \\ / <b>',
    "control": "line\nfeed\ttab\x01\x7f\u2028", "empty": "", "b.dots[x]": "&=?#%", "10": 5, "9": True, "Ä": [1, "ü"],
    "Z": "1", "a": "2", "\ue000": "3", "𐀀": "4",
}  # fmt: skip
RIGHT = [
    call("POST", {"order_id": "42", "note": "café"}),
    call("POST", {}),
    call("GET", {}),
    call("GET", {"order_id": "42", "zip": "33601"}),
    call("GET", HARD),
    call("GET", HARD, "https://shop.example.com/orders?shop=%C3%B1%201&v"),
    call("POST", HARD),
    call("GET", {"a": "1"}, at=NOW - 30),
    call("GET", {"a": "1"}, at=NOW + 30),
    call("GET", {"a": "1"}) | {"keys": ["sk_other", KEY]},
    webhook(),
    webhook(["whsec_" + base64.b64encode(b"b" * 24).decode(), SECRET]),
    webhook(at=NOW - 299),
    webhook() | {"what": "own"},
    webhook(["whsec_" + base64.b64encode(b"b" * 24).decode(), SECRET]) | {"what": "own"},
]
_GET, _POST, _HOOK = call("GET", {"order_id": "42"}), call("POST", {"order_id": "42"}), webhook()
_OWN = webhook() | {"what": "own"}


def _with(case: dict[str, Any], **headers: str) -> dict[str, Any]:
    return case | {"headers": case["headers"] | {k.replace("_", "-"): v for k, v in headers.items()}}


WRONG = [
    _GET | {"query": "order_id=43"},
    _GET | {"query": "order_id=42&more=1"},
    _GET | {"url": "https://shop.example.com/other"},
    _GET | {"keys": ["sk_other"]},
    _GET | {"keys": []},
    _GET | {"body": '{"order_id": "41"}'},
    _POST | {"body": '{"order_id":"43"}'},
    _POST | {"body": '{"order_id":"42"} '},
    _with(_POST, x_idempotency_key="idem_0002"),
    _with(_POST, x_timestamp=str(NOW + 1)),
    _with(_POST, x_timestamp="soon"),
    _with(_POST, x_timestamp=""),
    _with(_POST, x_signature=""),
    _with(_POST, x_signature="é"),
    _with(_POST, x_signature=_POST["headers"]["x-signature"].upper()),
    call("POST", {"a": 1}, at=NOW - 31),
    call("POST", {"a": 1}, at=NOW + 31),
    {**_POST, "headers": {}},
    _HOOK | {"body": _HOOK["body"] + " "},
    _HOOK | {"secret": "whsec_" + base64.b64encode(b"c" * 24).decode()},
    _with(_HOOK, webhook_id=str(UUID(int=8))),
    _with(_HOOK, webhook_timestamp=str(NOW - 1)),
    _with(_HOOK, webhook_signature=""),
    _with(_HOOK, webhook_signature="v1,"),
    webhook(at=NOW - 301),
    webhook(at=NOW + 301),
    {**_HOOK, "headers": {}},
    _OWN | {"body": "{}"},
    _OWN | {"header": ""},
    _OWN | {"header": "t=1,v1=0"},
    _OWN | {"secret": SECRET[:-1]},
    _OWN | {"header": _OWN["header"].replace(f"t={NOW}", f"t={NOW - 1}")},
    webhook(at=NOW - 301) | {"what": "own"},
]


@pytest.mark.parametrize("runtime", HERE)
def test_a_sample_says_yes_to_what_is_right(runtime: str) -> None:
    answers = say(runtime, RIGHT)
    assert [case for case, answer in zip(RIGHT, answers, strict=True) if not answer] == []


@pytest.mark.parametrize("runtime", HERE)
def test_a_sample_says_no_to_what_is_wrong_old_or_tampered_with(runtime: str) -> None:
    answers = say(runtime, WRONG)
    assert [case for case, answer in zip(WRONG, answers, strict=True) if answer] == []


def test_python_is_among_the_runtimes() -> None:
    assert "python3" in HERE


def test_the_page_shows_every_sample_as_it_is(company: Company) -> None:
    import html

    page = html.unescape(
        company.sign_in("manager").get("/settings/verification-samples").get_data(as_text=True)
    )
    assert [s.language for s in SAMPLES] == ["Python", "JavaScript", "PHP", "Ruby"]
    for sample in SAMPLES:
        assert sample.text.strip() in page, sample.language
    assert company.sign_in("dispatcher").get("/settings/verification-samples").status_code == 403
