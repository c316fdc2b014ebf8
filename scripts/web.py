# SPDX-License-Identifier: EUPL-1.2
"""Fetch the pinned web packages and put what the pages need into hub/api/static/vendor.

Only integrity-checked packages from web/package-lock.json are installed and none of their scripts is run. Files get
stable names without a version; VERSIES.json says which version of which package each came from, with its licence
and sha256. Where the machine has no npm, the one from PyPI (requirements/web.txt) is installed into this venv.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
MODULES = WEB / "node_modules"
VENDOR = ROOT / "hub" / "api" / "static" / "vendor"
OLDEST_NPM = 9  # older ones do not install from a lock without addresses

# file in vendor -> (package, its files in that order)
FILES: dict[str, tuple[str, tuple[str, ...]]] = {
    "denhaag-process-steps.css": ("@gemeente-denhaag/process-steps", ("dist/index.css",)),
    "denhaag-step-marker.css": ("@gemeente-denhaag/step-marker", ("dist/index.css",)),
    "htmx.min.js": ("htmx.org", ("dist/htmx.min.js",)),
    "tokens.css": ("@nl-design-system-unstable/voorbeeld-design-tokens", ("dist/theme.css", "dist/custom.css")),
    "utrecht.css": ("@utrecht/component-library-css", ("dist/index.css",)),
}
# a page loads nothing from anywhere else, also not through its style sheets
FETCHES = re.compile(rb"@import|@font-face|url\((?!\s*[\"']?(?:data:|#))")
SOURCE_MAP = re.compile(rb"\n?//# sourceMappingURL=\S+\s*$")


def npm() -> str:
    """Return an npm that can install our lock: the machine's own, else one from PyPI in this venv."""
    own = shutil.which("npm")
    if own and _major(own) >= OLDEST_NPM:
        return own
    print("wissel: no usable npm on this machine, installing the one from PyPI (requirements/web.txt)", flush=True)
    locked = ROOT / "requirements" / "web.txt"
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--require-hashes"]
    subprocess.run([*pip, "-r", str(locked)], check=True)
    return str(Path(sys.executable).parent / "npm")


def _major(executable: str) -> int:
    answer = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().split(".")[0]
    return int(major) if answer.returncode == 0 and major.isdigit() else 0


def fetch() -> None:
    """Install web/package-lock.json into web/node_modules, hashes checked, no script run."""
    command = [npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(command, cwd=WEB, check=True, stdout=subprocess.DEVNULL)


def vendor() -> dict[str, dict[str, str]]:
    """Copy the few files the pages use, with their licences; return what VERSIES.json says of each.

    Raises SystemExit when a style sheet would make a browser fetch something.
    """
    shutil.rmtree(VENDOR, ignore_errors=True)
    (VENDOR / "licenties").mkdir(parents=True)
    return {name: _place(name, package, files) for name, (package, files) in FILES.items()}


def _place(name: str, package: str, files: tuple[str, ...]) -> dict[str, str]:
    folder = MODULES / package
    content = b"\n".join(SOURCE_MAP.sub(b"\n", (folder / file).read_bytes()) for file in files)
    if name.endswith(".css") and (found := FETCHES.search(content)):
        raise SystemExit(f"wissel: {package} asks the browser for something else: {content[found.start() :][:80]!r}")
    (VENDOR / name).write_bytes(content)
    licence = next(folder.glob("LICENSE*"))
    licence_name = "licenties/" + package.replace("@", "").replace("/", "-") + ".txt"
    (VENDOR / licence_name).write_bytes(licence.read_bytes())
    about = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    return {
        "pakket": package,
        "versie": about["version"],
        "licentie": about.get("license", ""),
        "licentietekst": licence_name,
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def lock() -> None:
    """Rewrite web/package-lock.json from web/package.json: integrity hashes, and no address of a registry."""
    options = ["--package-lock-only", "--omit-lockfile-registry-resolved", "--ignore-scripts", "--loglevel=error"]
    subprocess.run([npm(), "install", *options], cwd=WEB, check=True, stdout=subprocess.DEVNULL)
    if '"resolved"' in (WEB / "package-lock.json").read_text(encoding="utf-8"):
        raise SystemExit("wissel: an address got into web/package-lock.json; this npm is too old to lock with")


def main() -> None:
    """Fetch, copy, and write the manifest last: a manifest means the folder is whole. ``lock`` locks instead."""
    if sys.argv[1:] == ["lock"]:
        lock()
        return
    fetch()
    manifest = json.dumps(vendor(), indent=2, sort_keys=True) + "\n"
    (VENDOR / "VERSIES.json").write_text(manifest, encoding="utf-8")
    print(f"wissel: {len(FILES)} web files in {VENDOR.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
