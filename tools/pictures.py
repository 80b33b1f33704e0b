"""`make pictures`: the pictures of the documentation, taken of the demo in a real browser."""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import openai
from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
SIZE = ViewportSize(width=1280, height=800)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Writes every picture anew, light and dark."""
    PICTURES.mkdir(exist_ok=True)
    with demo() as url, sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for scheme in SCHEMES:
            context = browser.new_context(viewport=SIZE, color_scheme=scheme)
            for name, address in addresses(url).items():
                take(context.new_page(), address, PICTURES / f"{name}-{scheme}.png")
        browser.close()


@contextmanager
def demo() -> Iterator[str]:
    """Where a demo serves its reports, once its runs are completed."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-u", "-m", "evald", "demo", "--data-dir", f"{folder}/demo"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        try:
            yield next(
                served[1]
                for line in process.stdout or ()
                if (served := re.search(r"Serving at (http://\S+?)\. ", line))
            )
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()


def addresses(url: str) -> dict[str, str]:
    """The page of each picture, by its name."""
    client = openai.OpenAI(base_url=f"{url}/v1", api_key="any")
    (an_eval,) = client.evals.list().data
    runs = client.evals.runs.list(an_eval.id, order="asc").data
    of_eval = f"{url}/evaluations/{an_eval.id}"
    return {
        "run": f"{of_eval}?run_id={runs[0].id}",
        "item": f"{of_eval}?run_id={runs[0].id}&status=fail&item=0#items",
        "compare": f"{url}/compare?runs={','.join(run.id for run in runs)}",
    }


def take(page: Page, address: str, place: Path) -> None:
    """The first screen of the page is in the file."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=place)
    page.close()


if __name__ == "__main__":
    main()
