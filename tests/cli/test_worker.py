"""What a worker says at the terminal."""

import subprocess
import sys

from webapp.config import ROOT

PROGRAM = """
import logging
from webapp.cli import worker
worker.speak_up()
from weasyprint import HTML
HTML(string="<p>Paid</p>").write_pdf()
logging.getLogger("truckroll.jobs").info("done")
"""


def test_making_a_pdf_says_nothing_of_its_steps() -> None:
    made = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert made.stdout + made.stderr == "INFO truckroll.jobs done\n"
