"""The simulated WeChat Pay seen from outside, as a program: signatures, numbers, ends, faults.

The client here is written against the public documents with `cryptography` alone, so that neither
the server nor the portal's own client is the judge of itself.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import json
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROOT = Path(__file__).resolve().parents[2]
BASE = "/v3/fund-app/mch-transfer/transfer-bills"
SHA1 = padding.OAEP(mgf=padding.MGF1(algorithm=hashes.SHA1()), algorithm=hashes.SHA1(), label=None)


class Merchant:
    """A merchant with the keys of the folder, and the server's command line."""

    def __init__(self, folder: Path, port: int, db: Path) -> None:
        self.folder, self.port, self.db = folder, port, db
        self.facts = json.loads((folder / "merchant.json").read_text())
        self.key = serialization.load_pem_private_key(
            (folder / "merchant_private.pem").read_bytes(), None
        )
        self.platform = serialization.load_pem_public_key(
            (folder / "platform_public.pem").read_bytes()
        )

    def call(
        self, method: str, path: str, content: Any = None, **changes: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a signed request; return status and content, the answer's signature verified."""
        body = json.dumps(content).encode() if content is not None else b""
        at, nonce = (
            changes.get("at", str(int(time.time()))),
            changes.get("nonce", secrets.token_hex(8)),
        )
        text = "\n".join([method, path, at, nonce, body.decode(), ""]).encode()
        made = base64.b64encode(self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()
        parts = {"mchid": self.facts["mchid"], "nonce_str": nonce, "timestamp": at,
                 "serial_no": self.facts["serial_no"],
                 "signature": changes.get("signature", made)}  # fmt: skip
        words = ",".join(f'{name}="{value}"' for name, value in parts.items())
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        wire.request(method, path, body, {"Authorization": f"WECHATPAY2-SHA256-RSA2048 {words}"})
        answer = wire.getresponse()
        said = answer.read()
        self.verify(answer.headers, said)
        wire.close()
        return answer.status, json.loads(said) if said[:1] == b"{" else {"file": said}

    def verify(self, headers: Any, body: bytes) -> None:
        assert headers["Wechatpay-Serial"] == self.facts["public_key_id"]
        text = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode()
        signature = base64.b64decode(headers["Wechatpay-Signature"])
        self.platform.verify(signature, text + body + b"\n", padding.PKCS1v15(), hashes.SHA256())

    def transfer(self, number: str, fen: int = 5000, **changes: Any) -> dict[str, Any]:
        name = self.platform.encrypt("张三".encode(), SHA1)
        return {
            "appid": self.facts["appid"], "out_bill_no": number, "transfer_scene_id": "1002",
            "openid": "o-49", "user_name": base64.b64encode(name).decode(),
            "transfer_amount": fen, "transfer_remark": "绿色出行补贴",
            "transfer_scene_report_infos": [{"info_type": "补贴类型", "info_content": "补贴"}],
            **changes,
        }  # fmt: skip

    def send(self, number: str, fen: int = 5000, **changes: Any) -> tuple[int, dict[str, Any]]:
        return self.call("POST", BASE, self.transfer(number, fen, **changes))

    def ask(self, number: str) -> tuple[int, dict[str, Any]]:
        return self.call("GET", f"{BASE}/out-bill-no/{number}")

    def order(self, *words: str) -> list[dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "simulators.wechatpay", *words, "--db", str(self.db)],
            cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
        return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[Merchant]:
    """Run the program on a free port; yield its merchant."""
    command = [sys.executable, "-m", "simulators.wechatpay", "serve", "--db", str(folder / "w.db"),
               "--keys", str(folder / "keys"), *words]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        yield Merchant(folder / "keys", port, folder / "w.db")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.fixture(scope="module")
def merchant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merchant]:
    with serving(tmp_path_factory.mktemp("wechat")) as found:
        yield found


class Ears(BaseHTTPRequestHandler):
    heard: list[tuple[Any, bytes]]

    def log_message(self, *_words: Any) -> None: ...

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((self.headers, body))
        self.send_response(204)
        self.end_headers()


@pytest.fixture
def ears() -> Iterator[tuple[str, list[tuple[Any, bytes]]]]:
    """A merchant's address for notices, and what it heard."""
    heard: list[tuple[Any, bytes]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Mine", (Ears,), {"heard": heard}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/notice", heard
    server.shutdown()
    server.server_close()


def until(seen: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_transfer_waits_for_the_user_and_is_paid_once(merchant):
    status, bill = merchant.send("A1")
    assert (status, bill["state"], bool(bill["package_info"])) == (200, "WAIT_USER_CONFIRM", True)
    assert merchant.send("A1")[1]["transfer_bill_no"] == bill["transfer_bill_no"]
    assert merchant.send("A1", 5001)[1]["code"] == "INVALID_REQUEST"
    assert merchant.order("confirm", "--bill", "A1") == [{"confirmed": 1}]
    status, said = merchant.ask("A1")
    facts = (said["state"], said["transfer_amount"], said["openid"])
    assert (status, facts) == (200, ("SUCCESS", 5000, "o-49"))
    by_bill = merchant.call("GET", f"{BASE}/transfer-bill-no/{bill['transfer_bill_no']}")[1]
    assert by_bill["out_bill_no"] == "A1"
    mine = [row for row in merchant.order("ledger") if row["out_bill_no"] == "A1"]
    assert [row["amount_fen"] for row in mine] == [5000]


def test_only_the_merchants_fresh_signature_is_accepted(merchant):
    path = f"{BASE}/out-bill-no/NOBODY"
    assert merchant.call("GET", path)[0] == 404
    wrong = base64.b64encode(bytes(256)).decode()
    assert merchant.call("GET", path, signature=wrong)[1]["code"] == "SIGN_ERROR"
    assert merchant.call("GET", path, at=str(int(time.time()) - 301))[0] == 401
    assert merchant.call("GET", path, nonce="once")[0] == 404
    assert merchant.call("GET", path, nonce="once")[0] == 401


@pytest.mark.parametrize(
    "changes",
    [{"transfer_amount": 9}, {"transfer_amount": 50.0}, {"user_name": "clear"},
     {"transfer_scene_report_infos": []}, {"appid": "wx1"}, {"notify_url": "https://a/?b"},
     {"transfer_remark": "一" * 33}],
)  # fmt: skip
def test_content_that_does_not_fit_is_refused(merchant, changes):
    assert merchant.send("B1", **changes)[1]["code"] == "PARAM_ERROR"
    assert merchant.ask("B1")[0] == 404


def test_a_transfer_can_be_taken_back_until_the_user_said_yes(merchant):
    merchant.send("C1")
    path = f"{BASE}/out-bill-no/C1/cancel"
    assert merchant.call("POST", path)[1]["state"] == "CANCELING"
    until(lambda: merchant.ask("C1")[1]["state"] == "CANCELLED")
    merchant.send("C2")
    merchant.order("confirm", "--bill", "C2")
    assert merchant.call("POST", f"{BASE}/out-bill-no/C2/cancel")[0] == 400


def test_what_nobody_claims_lapses_and_is_forgotten_by_queries_after_thirty_days(tmp_path):
    with serving(tmp_path) as merchant:
        merchant.send("D1")
        merchant.order("clock", "--advance", "86401")
        until(lambda: merchant.ask("D1")[1].get("fail_reason") == "OVERDUE_CLOSE")
        merchant.order("clock", "--advance", str(30 * 86_400))
        assert merchant.ask("D1")[0] == 404


def test_the_faults_happen_as_planned(merchant):
    plans = (("error-after-commit", "E1"), ("refuse", "E2"), ("too-many", "E3"),
             ("wrong-number", "E4"), ("unknown-code", "E5"), ("late-commit", "E6"))  # fmt: skip
    for kind, number in plans:
        merchant.order("plan", kind, "--match", f"out_bill_no={number}")
    said = {number: merchant.send(number) for _kind, number in plans}
    codes = {number: content.get("code", "") for number, (_status, content) in said.items()}
    assert codes == {
        "E1": "SYSTEM_ERROR", "E2": "SYSTEM_ERROR", "E3": "FREQUENCY_LIMITED", "E4": "",
        "E5": "NEW_AND_UNHEARD_OF", "E6": "SYSTEM_ERROR",
    }  # fmt: skip
    assert said["E4"][1]["out_bill_no"] != "E4"
    found = {number: merchant.ask(number)[0] for number in said}
    assert found == {"E1": 200, "E2": 404, "E3": 404, "E4": 200, "E5": 200, "E6": 404}
    until(lambda: merchant.ask("E6")[0] == 200)  # committed after the query said "not found"


def test_a_hang_and_a_reset_have_committed(merchant):
    merchant.order("plan", "hang", "--seconds", "1", "--match", "out_bill_no=F1")
    merchant.order("plan", "reset", "--match", "out_bill_no=F2")
    for number in ("F1", "F2"):
        with pytest.raises(OSError):
            merchant.send(number)
        assert merchant.ask(number)[1]["state"] == "WAIT_USER_CONFIRM"


def test_notices_are_signed_encrypted_repeated_and_may_be_forged(merchant, ears):
    url, heard = ears
    merchant.order("plan", "notice-five-times", "--match", "out_bill_no=G1")
    merchant.order("plan", "notice-forged", "--match", "out_bill_no=G2")
    for number in ("G1", "G2"):
        merchant.send(number, notify_url=url)
    merchant.order("confirm", "--bill", "G1", "G2")
    until(lambda: len(heard) == 7)
    key = AESGCM((merchant.folder / "apiv3.key").read_bytes())
    good = []
    for headers, body in heard:
        sealed = json.loads(body)["resource"]
        plain = key.decrypt(sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]),
                            sealed["associated_data"].encode())  # fmt: skip
        facts = json.loads(plain)
        assert (facts["state"], facts["transfer_amount"]) == ("SUCCESS", 5000)
        try:
            merchant.verify(headers, body)
        except Exception:
            continue
        good.append((facts["out_bill_no"], json.loads(body)["id"]))
    assert len(good) == 6
    assert len({event for number, event in good if number == "G1"}) == 1


def test_more_than_the_cap_in_a_second_is_refused(tmp_path):
    with serving(tmp_path, "--cap", "3") as merchant:
        statuses = [merchant.send(f"H{number}")[0] for number in range(6)]
        assert statuses.count(429) >= 1
        summary = merchant.order("ledger", "--summary")[0]
        assert summary["refused_as_too_fast"] == statuses.count(429)
        assert summary["bills"] == statuses.count(200)


def test_the_fund_bill_lists_each_payment_of_the_day(tmp_path):
    with serving(tmp_path, "--confirm-after", "0") as merchant:
        assert merchant.send("I1")[1]["state"] == "SUCCESS"
        merchant.send("I2", 12345)
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600))
        facts = merchant.call("GET", f"/v3/bill/fundflowbill?bill_date={day}&tar_type=GZIP")[1]
        path = facts["download_url"].split(str(merchant.port))[1]
        text = gzip.decompress(merchant.call("GET", path)[1]["file"])
        assert hashlib.sha1(text).hexdigest() == facts["hash_value"]
        rows = [line.split(",") for line in text.decode().splitlines()]
        assert [(row[10], row[6]) for row in rows[1:3]] == [("`I1", "`50.00"), ("`I2", "`123.45")]
        assert rows[4] == ["`2", "`0", "`0.00", "`2", "`173.45"]
