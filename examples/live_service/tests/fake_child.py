"""A process for the supervisor's tests: `fake_child.py NAME PORT JOURNAL [HABIT…]`.

It answers 200 on its port, and writes its name into the journal when it ends on
SIGTERM. Habits: `unready` answers 503; `dies` ends with code 3 at once; `dies-again`
does so from its second start on; `stubborn` ignores SIGTERM; `parent` leaves a
grandchild behind whose id it logs.
"""

import http.server
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType


def main() -> None:
    name, port, journal, *habits = sys.argv[1:]
    print(f"{name} starts", flush=True)
    mark = Path(f"{journal}.{name}")
    if "dies" in habits or ("dies-again" in habits and mark.exists()):
        print("out of luck", flush=True)
        sys.exit(3)
    mark.touch()

    def end(_number: int, _frame: FrameType | None) -> None:
        if "stubborn" not in habits:
            with Path(journal).open("a") as file:
                file.write(f"{name}\n")
            sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    if "parent" in habits:
        sleeper = subprocess.Popen(["sleep", "600"])
        print(f"grandchild {sleeper.pid}", flush=True)

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if "unready" in habits else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Answer).serve_forever()


main()
