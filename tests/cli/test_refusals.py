"""What goes wrong is said in words, on standard error, with an exit code; never as a traceback."""

import os
import signal
import subprocess
import sys

import pytest

from oppcore.cli.command import oppcore as group

OK = b"opportunity_id,stage,at\n1,new,2024-01-01T00:00:00Z\n"
NONE = ("--won", "none", "--lost", "none")


def test_version_and_help(oppcore):
    assert oppcore("--version").out.startswith("oppcore")
    assert "Exit codes" in oppcore("--help").out
    for name in group.commands:
        assert "Usage" in oppcore(name, "--help").out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["funnel"], "Missing argument"),
        (["nonsense"], "No such command"),
        (["funnel", "{ok}"], "--won STAGE --lost STAGE"),
        (["funnel", "{ok}", "--pipeline", "{pipeline}", "--won", "x"], "without --pipeline"),
        (["funnel", "{missing}", *NONE], "No such file"),
        (["funnel", "{folder}", *NONE], "Is a directory"),
        (["funnel", "{ok}", "--pipeline", "{missing}"], "No such file"),
        (["funnel", "{ok}", "--pipeline", "{ok}"], "table.csv:"),
        (["funnel", "{ok}", *NONE, "--by", "nothing"], "no column 'nothing'"),
        (["funnel", "{ok}", *NONE, "--map", "stage"], "OURS=THEIRS"),
        (["funnel", "{ok}", *NONE, "--map", "stage=a,stage=b"], "mapped twice"),
        (["funnel", "{ok}", *NONE, "--map", "stage=status"], "'status'"),
        (["funnel", "{ok}", *NONE, "--record-map", "stage=a"], "--records FILE"),
        (["funnel", "-", *NONE, "--records", "-"], "standard input"),
        (["funnel", "-", "--pipeline", "-"], "standard input"),
        (["funnel", "{ok}", *NONE, "--as-of", "2024-01-01"], "--timezone ZONE"),
        (["funnel", "{ok}", *NONE, "--as-of", "2024-01-01T00:00"], "--timezone ZONE"),
        (["funnel", "{ok}", *NONE, "--as-of", "soon"], "'soon'"),
        (["funnel", "{ok}", *NONE, "--timezone", "Mars"], "'Mars'"),
        (["funnel", "{ok}", *NONE, "--date-format", "%d"], "'%d'"),
        (["funnel", "{ok}", *NONE, "--encoding", "nope"], "'nope'"),
        (["funnel", "{ok}", *NONE, "--delimiter", "::"], "'::'"),
        (["funnel", "{empty}", *NONE], "empty.csv: the table is empty"),
        (["funnel", "{ok}", *NONE, "--records", "{empty}"], "empty.csv: the table is empty"),
        (["funnel", "{png}", *NONE], "a PNG picture"),
        (["funnel", "{ok}", *NONE, "--window", "soon"], "such as 30d, 12h or 90m, not 'soon'"),
        (["funnel", "{ok}", *NONE, "--window", "0d"], "longer than nothing"),
        (["funnel", "{ok}", *NONE, "--exclude", "old"], "'old' is no stage"),
        (["funnel", "{ok}", *NONE, "--cohort", "2024"], "--timezone ZONE"),
        (["funnel", "{ok}", *NONE, "--timezone", "UTC", "--cohort", "lately"], "not a period: 'lately'"),
        (["funnel", "{ok}", *NONE, "--entered", "new"], "--cohort PERIOD"),
        (["funnel", "{ok}", *NONE, "--attribution", "first"], "name the column"),
        (["forecast", "{ok}", *NONE], "--timezone ZONE"),
        (["infer", "{ok}", "--won", "nwe", "--lost", "none"], "'nwe'"),
    ],
)
def test_wrong_usage_and_unreadable_input(oppcore, tmp_path, pipeline, args, said):
    (tmp_path / "table.csv").write_bytes(OK)
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n")
    names = {
        "ok": tmp_path / "table.csv",
        "empty": tmp_path / "empty.csv",
        "png": tmp_path / "picture.png",
        "missing": tmp_path / "missing.csv",
        "folder": tmp_path,
        "pipeline": pipeline,
    }
    ran = oppcore(*(arg.format(**names) if arg.startswith("{") else arg for arg in args), code=2)

    assert said in ran.err
    assert ran.out == ""


def test_terminals_obey_nothing_in_a_file(oppcore, tmp_path):
    (tmp_path / "t.csv").write_bytes(b"opportunity_id,\x1b[31mstage,at\n1,new,2024-01-01T00:00:00Z\n")

    assert "\x1b" not in oppcore("funnel", tmp_path / "t.csv", *NONE, code=2).err


def test_check_says_yes(oppcore, pipeline):
    printed = oppcore("check", pipeline).out

    assert "no faults" in printed
    assert "negotiation" in printed


def test_check_says_no_with_every_fault(oppcore, tmp_path):
    (tmp_path / "p.toml").write_text('stages = [{ key = "a" }, { kind = "oppen", key = "b" }]\n')
    ran = oppcore("check", tmp_path / "p.toml", code=1)

    assert ran.out == ""
    assert {"stages[0]", "stages[1]"} <= {line.strip(" -")[:9] for line in ran.err.splitlines()}


def test_check_reads_standard_input(shell):
    assert "no faults" in shell("check", "-", stdin=b'{"key": "p", "stages": [{"key": "a", "kind": "open"}]}').out


def test_a_process_of_its_own_leaves_with_the_code(shell, changes, pipeline):
    assert "won" in shell("funnel", changes, "--pipeline", pipeline).out
    assert "No such file" in shell("funnel", "missing.csv", *NONE, code=2).err
    shell("check", "-", stdin=b"", code=1)


def test_piped_output_is_plain_and_of_its_own_width(shell, changes, pipeline):
    def printed(**env):
        return shell("funnel", changes, "--pipeline", pipeline, env={**os.environ, **env}).out

    assert printed(COLUMNS="20", FORCE_COLOR="1") == printed(COLUMNS="200", NO_COLOR="1")
    assert "\x1b" not in printed(FORCE_COLOR="1")


def test_an_old_terminal_is_no_reason_to_fail(shell, changes, pipeline):
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}

    assert "won" in shell("funnel", changes, "--pipeline", pipeline, env=env).out


@pytest.mark.skipif(os.name == "nt", reason="signals and pipes of POSIX")
class TestInterruptions:
    def start(self, *args, **settings):
        command = [sys.executable, "-m", "oppcore.cli", *args]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, **settings)

    def test_whoever_reads_may_go_away(self, changes, pipeline):
        reading, writing = os.pipe()
        os.close(reading)
        with self.start("funnel", changes, "--pipeline", pipeline, stdout=writing) as process:
            os.close(writing)
            _, errors = process.communicate(timeout=60)

        assert (process.returncode, errors) == (141, b"")

    def test_control_c(self):
        def heed() -> None:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # background jobs of a shell are started to ignore it

        with self.start("funnel", "-", *NONE, stdout=subprocess.PIPE, preexec_fn=heed) as process:
            header, row = OK.splitlines(keepends=True)[:2]
            process.stdin.write(header + row * (2**20 // len(row)))  # more than a pipe holds: it is being read
            process.stdin.flush()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)

        assert process.returncode == 130
        assert b"Traceback" not in errors

    @pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="nothing is forbidden to root")
    def test_a_file_that_may_not_be_read(self, shell, tmp_path):
        file = tmp_path / "secret.csv"
        file.write_bytes(OK)
        file.chmod(0)

        assert "Permission denied" in shell("funnel", file, *NONE, code=2).err


def test_without_its_libraries_the_command_says_what_to_install():
    script = "import sys; sys.modules['click'] = None; from oppcore.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "The oppcore command needs click: install oppcore with its extra, oppcore[cli].\n"
