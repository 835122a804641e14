"""The judge is judged: whatever a testee does wrong, its verdict and the exit status say so."""

from __future__ import annotations

import json
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from flatstream_conformance.errors import UnusableTesteeError
from flatstream_conformance.process import GoneError, PipedProcess
from flatstream_conformance.profiles import PROFILES
from flatstream_conformance.run import Plan, run
from flatstream_conformance.suite import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Bench

    from flatstream_conformance.records import Records

AT = "writing/one"


def verdicts(records: Records) -> dict[str, str]:
    return {case.case: case.verdict for case in records.cases if case.verdict != "pass"}


def only_case(records: Records, case: str) -> tuple[str | None, str]:
    """The fault and the reason of the one case that did not pass."""
    (wrong,) = [record for record in records.cases if record.verdict != "pass"]
    assert wrong.case == case
    assert records.footer.exit_status == 1
    return wrong.fault, wrong.reason


def at_one_case(action: str) -> str:
    """A testee that does something of its own at one case of the suite, and is right elsewhere."""
    case = 'r["op"] == "frame" and r["payloads"] == ["616263"]'
    return f"def answer(r):\n    if {case}:\n        {action}\n    return right(r)"


def test_an_honest_testee_passes_every_case(bench: Bench) -> None:
    done = bench.run()
    assert verdicts(done) == {}
    assert (done.footer.executed, done.footer.starts, done.footer.exit_status) == (9, 1, 0)
    assert done.footer.ending is None


@pytest.mark.parametrize("status", [0, 3])
def test_an_early_exit_is_a_crash_whatever_its_status_and_the_run_goes_on(bench: Bench, status: int) -> None:
    done = bench.run(at_one_case(f"os._exit({status})"))
    assert only_case(done, AT) == ("crash", f"exited with status {status}")
    assert done.footer.starts == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to die by")
def test_death_by_a_signal_is_a_crash_and_names_the_signal(bench: Bench) -> None:
    done = bench.run(at_one_case("os.kill(os.getpid(), signal.SIGSEGV)"))
    assert only_case(done, AT) == ("crash", "killed by SIGSEGV")


def test_a_crash_is_never_taken_for_a_rejection(bench: Bench) -> None:
    body = 'def answer(r):\n    if r["op"] == "recover":\n        os._exit(1)\n    return right(r)'
    assert verdicts(bench.run(body)) == {"tails/torn": "error", "tails/corrupt": "error"}


def test_a_hang_ends_at_the_deadline_and_the_run_goes_on(bench: Bench) -> None:
    done = bench.run(at_one_case("time.sleep(600)"), timeout=0.7)
    assert only_case(done, AT) == ("hang", "no reply within 0.7 s")


@pytest.mark.parametrize(
    "line",
    ["hello", "[1]", '{"seq": NaN}', "", "nul" * 50, '{"seq": 1, "x": "\\\\udc80"}', "[" * 100_000],
    ids=["text", "list", "nan", "empty", "long", "surrogate", "deep"],
)
def test_garbage_instead_of_a_reply_is_an_error(bench: Bench, line: str) -> None:
    done = bench.run(at_one_case(f"print('{line}', flush=True); time.sleep(600)"))
    fault, reason = only_case(done, AT)
    assert fault == "garbage"
    assert reason.startswith("garbage on stdout: ")
    assert len(reason) < 200


def test_bytes_that_are_no_utf8_are_garbage(bench: Bench) -> None:
    done = bench.run(at_one_case(r"os.write(1, b'{\"a\": \"\xff\"}\n'); time.sleep(600)"))
    assert only_case(done, AT)[0] == "garbage"


def test_noise_before_the_reply_is_an_error_of_that_case_alone(bench: Bench) -> None:
    done = bench.run(at_one_case("print('debug: framing', flush=True)"))
    assert only_case(done, AT) == ("garbage", "garbage on stdout: 'debug: framing' is not JSON")


def test_a_reply_in_pieces_is_a_reply(bench: Bench) -> None:
    body = """
    def send(reply):
        for byte in (json.dumps(reply) + "\\n").encode():
            os.write(1, bytes([byte]))
            time.sleep(0.0002)
    """
    assert verdicts(bench.run(body)) == {}


def test_a_reply_with_crlf_is_a_reply(bench: Bench) -> None:
    body = 'def send(reply):\n    os.write(1, (json.dumps(reply) + "\\r\\n").encode())'
    assert verdicts(bench.run(body)) == {}


def test_a_wrong_seq_is_an_error(bench: Bench) -> None:
    done = bench.run(at_one_case('return {**right(r), "seq": r["seq"] + 1}'))
    assert only_case(done, AT) == ("wrong_seq", "the reply has seq 4, the request had 3")


def test_an_answer_twice_does_not_shift_the_answers_that_follow(bench: Bench) -> None:
    body = """
    def respond(r):
        reply = {"seq": r["seq"], **(CLAIMS if r["op"] == "start" else right(r))}
        send(reply)
        if r["op"] == "frame":
            send(reply)
    """
    done = bench.run(body)
    faults = {case.fault for case in done.cases if case.verdict != "pass"}
    assert faults == {"wrong_seq"}
    assert done.footer.exit_status == 1
    assert not any(case.verdict == "fail" for case in done.cases)


def test_a_malformed_reply_is_garbage_and_not_a_wrong_answer(bench: Bench) -> None:
    done = bench.run(at_one_case('return {"wire": "03000000C2412435616263"}'))
    fault, reason = only_case(done, AT)
    assert fault == "garbage"
    assert reason.startswith("malformed reply: wire: ")
    assert done.footer.starts == 1


def test_errored_is_an_error_with_the_text_of_the_testee(bench: Bench) -> None:
    done = bench.run(at_one_case('return {"errored": "index out of range"}'))
    assert only_case(done, AT) == ("errored", "the testee errored: index out of range")


def test_five_megabytes_on_stderr_block_nothing(bench: Bench) -> None:
    done = bench.run(at_one_case('sys.stderr.write("x" * 5_000_000); sys.stderr.flush()'))
    assert verdicts(done) == {}


def test_the_end_of_stderr_is_kept_for_a_case_that_went_wrong(bench: Bench) -> None:
    done = bench.run(at_one_case('sys.stderr.write("y" * 100_000 + "panic: here"); sys.stderr.flush(); os._exit(101)'))
    (wrong,) = [case for case in done.cases if case.verdict == "error"]
    assert wrong.stderr.endswith("panic: here")
    assert len(wrong.stderr) == 2000


def test_a_child_that_keeps_the_pipe_open_cannot_hold_the_run(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        port = server.getsockname()[1]
        child = f"import socket, time; s = socket.create_connection(('127.0.0.1', {port})); time.sleep(600)"
        action = f"subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(0.5); os._exit(0)"
        done = bench.run(at_one_case(action))
        assert only_case(done, AT) == ("crash", "exited with status 0")
        connection, _ = server.accept()
        with connection:
            connection.settimeout(20)
            # The child's end of the connection is closed: it was ended with its parent.
            assert connection.recv(1) == b""


def test_features_that_are_claimed_and_not_there_do_not_pass(bench: Bench) -> None:
    body = """
    def answer(r):
        if "chunks" in r:
            return {"errored": "unknown field chunks"}
        return right(r)
    """
    assert verdicts(bench.run(body)) == {"reading/chunks": "error"}


def test_always_the_same_answer_passes_only_where_it_is_right(bench: Bench) -> None:
    body = 'def answer(r):\n    return {"payloads": ["616263"], "end": "clean"}'
    done = bench.run(body)
    assert {case.case for case in done.cases if case.verdict == "pass"} == {"reading/chunks"}
    assert done.footer.exit_status == 1


def test_the_request_echoed_passes_nothing(bench: Bench) -> None:
    done = bench.run("def answer(r):\n    return r")
    assert done.footer.totals == {"pass": 0, "fail": 0, "error": 9, "skip": 0}
    assert done.footer.exit_status == 1


def test_a_wrong_answer_is_a_failure_with_the_field(bench: Bench) -> None:
    done = bench.run(at_one_case('return {"wire": "03000000c2412436616263"}'))
    assert only_case(done, AT) == (None, "wrong: wire")


def test_everything_skipped_is_a_failed_run(bench: Bench) -> None:
    done = bench.run('def answer(r):\n    return {"skipped": "not today"}')
    assert done.footer.totals["skip"] == 9
    assert done.footer.exit_status == 1
    assert done.footer.problems


def test_a_testee_that_claims_nothing_is_a_failed_run(bench: Bench) -> None:
    done = bench.run('CLAIMS.update(algorithms=[], ops=["start"])', [])
    assert (done.footer.executed, done.footer.exit_status) == (0, 1)


def test_what_is_not_claimed_is_not_sent(bench: Bench) -> None:
    done = bench.run('CLAIMS["algorithms"].remove("crc16")\nCLAIMS["ops"].remove("recover")', [])
    assert verdicts(done) == {
        "sums/crc16": "skip",
        "reading/chunks": "skip",
        "tails/torn": "skip",
        "tails/corrupt": "skip",
    }
    assert done.footer.exit_status == 0
    assert [case.reason for case in done.cases if case.verdict == "skip"] == [
        "does not claim the algorithm crc16",
        "does not claim chunked",
        "does not claim the operation recover",
        "does not claim the operation recover",
    ]


def test_a_skip_inside_a_profile_counts_against_the_testee(bench: Bench) -> None:
    assert bench.run(features=[], profile=PROFILES["core"]).footer.exit_status == 0
    done = bench.run(features=[], profile=PROFILES["streams"])
    assert verdicts(done) == {"reading/chunks": "skip"}
    assert (done.footer.counted, done.footer.exit_status) == (1, 1)


def test_a_skip_by_reply_inside_a_profile_counts_too(bench: Bench) -> None:
    done = bench.run(at_one_case('return {"skipped": "no"}'), profile=PROFILES["core"])
    assert only_case(done, AT) == (None, "skipped: no")


def test_the_request_never_holds_the_expected_answer(bench: Bench) -> None:
    log = bench.folder / "seen.txt"
    body = f'def answer(r):\n    open({str(log)!r}, "a").write(json.dumps(r) + "\\n")\n    return right(r)'
    bench.run(body)
    seen = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert seen == [
        {"seq": number, "op": vector["op"], **vector["request"]} for number, vector in enumerate(bench.vectors, start=1)
    ]


def test_a_name_that_the_protocol_does_not_have_is_pointed_out(bench: Bench) -> None:
    assert bench.run(features=["chunkd"]).header.unknown_claims == ("feature chunkd",)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('CLAIMS = {"errored": "protocol 2 wanted"}', "protocol 2 wanted"),
        ('CLAIMS["protocol"] = 2', "protocol: 1 was expected"),
        ('CLAIMS = {"skipped": "start"}', "skipped: start"),
        ('CLAIMS = {"ready": True}', "'implementation' is a required property"),
        ("sys.exit(7)", "exited with status 7"),
        ('print("usage: fake FILE"); sys.stdout.flush(); time.sleep(600)', "is not JSON"),
        ("time.sleep(600)", "no reply within"),
        ('os.write(2, b"no such module"); os._exit(1)', "(stderr: no such module)"),
    ],
)
def test_a_testee_that_does_not_come_up_ends_the_run(bench: Bench, body: str, said: str) -> None:
    with pytest.raises(UnusableTesteeError, match="the testee did not start: ") as caught:
        bench.run(body, timeout=1.5)
    assert said in str(caught.value)
    assert caught.value.exit_status == 3


def test_a_testee_that_does_not_come_up_again_ends_the_run(bench: Bench) -> None:
    flag = bench.folder / "started"
    body = f"""
    if os.path.exists({str(flag)!r}):
        os._exit(9)
    open({str(flag)!r}, "w").close()
    def answer(r):
        os._exit(1)
    """
    with pytest.raises(UnusableTesteeError, match="the testee did not start again: exited with status 9"):
        bench.run(body)


def test_a_command_that_is_not_there_ends_the_run(bench: Bench, tmp_path: Path) -> None:
    plan = Plan([str(tmp_path / "nothing-here")], load(bench.folder))
    with pytest.raises(UnusableTesteeError, match="cannot be started"):
        run(plan)


def test_the_end_of_input_must_end_the_testee(bench: Bench) -> None:
    done = bench.run("import atexit\natexit.register(lambda: time.sleep(600))", timeout=0.7)
    assert done.footer.ending == "still running 0.7 s after its standard input ended"
    done = bench.run("import atexit\natexit.register(lambda: os._exit(4))")
    assert done.footer.ending == "exited with status 4"


def test_an_interrupt_while_the_testee_ends_still_kills_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[PipedProcess] = []
    kill = PipedProcess.kill

    def interrupted(self: PipedProcess, seconds: float) -> None:
        raise KeyboardInterrupt

    def recorded(self: PipedProcess) -> None:
        kill(self)
        ended.append(self)

    monkeypatch.setattr(PipedProcess, "stop", interrupted)
    monkeypatch.setattr(PipedProcess, "kill", recorded)
    with pytest.raises(KeyboardInterrupt):
        bench.run()
    (process,) = ended
    with pytest.raises(GoneError):
        process.receive(20)


def test_selection_by_glob_and_by_rule(bench: Bench) -> None:
    assert [case.case for case in bench.run(only=("tails/*",)).cases] == ["tails/torn", "tails/corrupt"]
    assert [case.case for case in bench.run(only=("R1",)).cases] == ["reading/two"]
    done = bench.run(only=("nothing*",))
    assert (done.footer.problems, done.footer.exit_status) == (("no case was selected",), 1)
