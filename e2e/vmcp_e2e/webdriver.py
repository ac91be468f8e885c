# SPDX-FileCopyrightText: Copyright 2026 the vmcp authors
# SPDX-License-Identifier: Apache-2.0
"""Chromium through chromedriver, spoken to in the W3C WebDriver protocol: no more than signing in takes."""

import base64
import shutil

import httpx

from .processes import Process, eventually, free_port, listening

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Chromium:
    """One headless window without JavaScript: the pages must do without."""

    def __init__(self, folder, scripts=False, width=1000, height=900):
        port = free_port()
        self.driver = Process("chromedriver", [shutil.which("chromedriver"), f"--port={port}"], folder)
        self.driver.start()
        eventually(lambda: listening(port), timeout=20, what="chromedriver")
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        preferences = {} if scripts else {"profile.managed_default_content_settings.javascript": 2}
        options = {
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={width},{height}"],
            "prefs": preferences,
        }
        # A click answers as soon as the next page begins to load, so what is looked for may take a while to appear.
        wanted = {"goog:chromeOptions": options, "timeouts": {"implicit": 30_000}}
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{answer['sessionId']}"

    def call(self, method, path, body=None):
        answer = self.http.request(method, path, json=body if method == "POST" else None).json()["value"]
        if isinstance(answer, dict) and "error" in answer:
            raise AssertionError(f"{path}: {answer['error']}: {answer.get('message', '')[:500]}")
        return answer

    def open(self, url):
        self.call("POST", f"{self.session}/url", {"url": url})

    @property
    def url(self):
        return self.call("GET", f"{self.session}/url")

    @property
    def text(self):
        return self.call("GET", f"{self.session}/element/{self.find('body')}/text")

    @property
    def source(self):
        return self.call("GET", f"{self.session}/source")

    def find(self, selector):
        found = self.call("POST", f"{self.session}/element", {"using": "css selector", "value": selector})
        return found[ELEMENT]

    def type(self, selector, text):
        self.call("POST", f"{self.session}/element/{self.find(selector)}/value", {"text": text})

    def click(self, selector):
        self.call("POST", f"{self.session}/element/{self.find(selector)}/click", {})

    def size(self, selector):
        rectangle = self.call("GET", f"{self.session}/element/{self.find(selector)}/rect")
        return rectangle["width"], rectangle["height"]

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.call("GET", f"{self.session}/screenshot")))

    def close(self):
        try:
            self.call("DELETE", self.session)
        finally:
            self.http.close()
            self.driver.stop()
