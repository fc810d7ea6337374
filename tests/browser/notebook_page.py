"""A notebook in JupyterLab in a headless Chromium, as far as the tests need it."""

import shutil
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMEDRIVER = shutil.which("chromedriver")
SIZE = "1440,1060"  # a laptop
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # root in a container
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--window-size={SIZE}",
)
READY = """
const panel = window.jupyterapp && [...window.jupyterapp.shell.widgets("main")].find(one => one.context);
if (!panel || !panel.context.isReady) return false;
if (window.jupyterapp.shell.currentWidget !== panel) { window.jupyterapp.shell.activateById(panel.id); return false; }
const kernel = panel.sessionContext.session && panel.sessionContext.session.kernel;
return Boolean(kernel && kernel.status === "idle");
"""
RUN_ALL = """
window.ended = "";
window.jupyterapp.commands.execute("notebook:run-all-cells").then(() => { window.ended = "ran"; },
                                                                  why => { window.ended = String(why); });
"""
COMMAND = """
const [name, given, done] = arguments;
window.jupyterapp.commands.execute(name, given).then(() => done(), () => done());
"""


def start_chromium(profile: Path) -> webdriver.Chrome:
    """A browser of its own."""
    options = Options()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})  # nobody clicks into it
    return driver


class NotebookPage:
    """One open notebook.

    Args:
        driver: The browser.
        url: Its address, token included.
        shots: Where screenshots go.
    """

    def __init__(self, driver, url: str, shots: Path) -> None:
        self.driver, self._shots = driver, shots
        driver.get(url)
        self.until(lambda: driver.execute_script(READY), "the kernel to be idle")
        self.command("application:toggle-left-area")

    def until(self, is_so, what: str, within_s: float = 60.0):
        """Wait until something is so; what it was."""
        return WebDriverWait(self.driver, within_s, 0.1).until(lambda _: is_so(), f"no {what}")

    def command(self, name: str, given: dict | None = None) -> None:
        """Let JupyterLab do something."""
        self.driver.execute_async_script(COMMAND, name, given or {})

    def run_all(self) -> None:
        """Begin to run all cells."""
        self.driver.execute_script(RUN_ALL)

    def ended(self) -> str:
        """How running all cells ended; "" while it goes on."""
        return self.driver.execute_script("return window.ended")

    def frame(self) -> str:
        """The address of the picture shown now; every frame has another."""
        found = self.driver.execute_script("const i = document.querySelector('img.widget-image'); return i && i.src")
        return found or ""

    def button(self, words: str):
        """The enabled button that says so, or None."""
        for one in self.driver.find_elements(By.CSS_SELECTOR, "button.jupyter-button"):
            if one.text.strip() == words and one.is_enabled():
                return one
        return None

    def press(self, words: str, within_s: float = 60.0) -> None:
        """Press a button as soon as it can be."""
        button = self.until(lambda: self.button(words), f"{words} to press", within_s)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()

    def app_says(self) -> str:
        """The version that the page in the frame shows."""
        self.driver.switch_to.frame(self.driver.find_element(By.CSS_SELECTOR, "iframe[title^='The app']"))
        try:
            return self.driver.find_element(By.ID, "version").text
        finally:
            self.driver.switch_to.default_content()

    def text(self) -> str:
        """Everything the outputs say."""
        return "\n".join(one.text for one in self.driver.find_elements(By.CSS_SELECTOR, ".jp-OutputArea-output"))

    def show(self, selector: str) -> None:
        """Scroll to something."""
        script = "const e = document.querySelector(arguments[0]); e && e.scrollIntoView({block: 'start'})"
        self.driver.execute_script(script, selector)

    def shoot(self, name: str) -> Path:
        """Keep a screenshot."""
        path = self._shots / f"{name}.png"
        self.driver.save_screenshot(str(path))
        return path
