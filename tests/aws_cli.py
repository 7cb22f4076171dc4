"""The AWS CLI, forked for each command from a process that has loaded it: that takes a second, and tests call it often.

Run as `python -m tests.aws_cli`, it reads a command a line and writes a line with what became of it.
"""

import atexit
import json
import os
import subprocess
import sys
import traceback
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).resolve().parent.parent
QUIET = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def run_aws(words, environ):
    """Run `aws` with these words in this environment; its exit code and what it wrote to stdout and stderr."""
    loaded = loaded_process()
    loaded.stdin.write(json.dumps({"words": words, "environ": dict(environ), "folder": str(Path.cwd())}) + "\n")
    loaded.stdin.flush()
    ended = json.loads(loaded.stdout.readline())
    return subprocess.CompletedProcess(["aws", *words], ended["code"], ended["out"], ended["err"])


@cache
def loaded_process():
    """The process that has loaded the AWS CLI; it ends with this one."""
    command = [sys.executable, "-m", "tests.aws_cli"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | QUIET, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    atexit.register(process.communicate)
    return process


def serve():
    """Run what is asked for, one command after another, until nobody can ask any more."""
    from awscli.clidriver import create_clidriver

    create_clidriver()  # loads what the commands are made of
    for line in sys.stdin:
        asked = json.loads(line)
        with TemporaryFile() as out, TemporaryFile() as err:
            child = os.fork()
            if child == 0:
                run(asked, out.fileno(), err.fileno())
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            ended = {"code": code, "out": written(out), "err": written(err)}
        print(json.dumps(ended), flush=True)


def written(file):
    """All that was written to a file."""
    file.seek(0)
    return file.read().decode()


def run(asked, out, err):
    """Be `aws`: in this process, which ends with it."""
    from awscli.clidriver import main

    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(asked["folder"])
    found = os.environ["AWS_DATA_PATH"]  # set when the CLI was loaded
    os.environ.clear()
    os.environ.update(asked["environ"], AWS_DATA_PATH=found)
    sys.argv[1:] = asked["words"]
    try:
        code = main()
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
