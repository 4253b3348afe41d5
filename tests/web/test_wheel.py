"""The wheel alone is enough: in an empty environment its server answers, with everything that its pages load."""

import asyncio
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.support.web_process import ROOT, Served

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.journey, pytest.mark.timeout(400)]
LOADED = re.compile(r"""(?:<link[^>]*?href|<script[^>]*?src|<use[^>]*?href|<img[^>]*?src)=["']([^"'#]+)""")


def built(folder: Path) -> Path:
    """Build the wheel."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def installed(wheel: Path, folder: Path) -> Path:
    """Return an environment with the wheel and what it asks for; where no registry answers, with the tests' own."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    whole = [*pip, "--retries", "0", "--timeout", "10", f"{wheel}[web]"]
    if subprocess.run(whole, capture_output=True, check=False, timeout=300).returncode != 0:
        subprocess.run([*pip, "--no-deps", str(wheel)], check=True, timeout=100)
        (inside,) = folder.glob("lib/python*/site-packages")
        (inside / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


async def test_the_wheel_serves_its_pages_with_all_that_they_load(tmp_path: Path, browser: Browser) -> None:
    place = installed(built(tmp_path / "dist"), tmp_path / "environment")
    home = tmp_path / "home"
    home.mkdir()
    (home / "mine.py").write_text((ROOT / "tests" / "support" / "web_app.py").read_text())
    server = Served(home, (str(place / "bin" / "handrail"),), path=None)
    where = await asyncio.to_thread(
        subprocess.run,
        [str(place / "bin" / "python"), "-c", "import handrail; print(handrail.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=home,
        env={},
        timeout=60,
    )
    assert where.stdout.startswith(str(place)), where.stdout
    await server.start("mine:app")
    try:
        async with await browser.new_context() as context:
            page = await context.new_page()
            failed: list[str] = []
            page.on("requestfailed", lambda request: failed.append(request.url))
            page.on(
                "console", lambda message: failed.append(message.text) if message.type == "error" else None
            )
            await page.goto(await server.link())
            await page.get_by_role("button", name="Sign in").click()
            await expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
            await page.locator("[data-live-state]:not([hidden])").wait_for(state="attached")
            assets = {urljoin(server.url, each) for each in LOADED.findall(await page.content())}
            assert {each.rsplit("?")[0].rsplit(".")[-1] for each in assets} == {"css", "js", "svg"}
            async with httpx.AsyncClient() as http:
                for each in sorted(assets):
                    answer = await http.get(each)
                    assert (answer.status_code, bool(answer.content)) == (200, True), each
            assert failed == []
    finally:
        await server.stop()
