"""What the player is made of, made ready once: hls.js from npm (pinned by package-lock.json), a stream by ffmpeg, Chromium to run it."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

from playhead.errors import StackError

STREAM_SECONDS = 20
SEGMENT_SECONDS = 2
CONTENT_ID = "playhead-test-picture"
TITLE = {
    "content_title": "Playhead test picture",
    "content_type": "short_form",
    "content_duration": STREAM_SECONDS,
    "content_genre": "test",
    "content_rating": "G",
    "content_language": "en",
    "content_creator_id": "playhead",
}
# Renditions from best to least: picture size, bitrate in kbit/s.
_RENDITIONS = (("640x360", 700), ("426x240", 250))
_TIMEOUT_S = 300
_INSTALL = "apt-get install chromium ffmpeg npm"


def require_chromium() -> str:
    """Path of Chromium or Chrome.

    Raises:
        StackError: there is none.
    """
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        path = shutil.which(name)
        if path is not None:
            return path
    raise StackError(f"the real player needs Chromium, and none is on PATH; get it with `{_INSTALL}`")


def ensure_hls(cache_dir: Path) -> Path:
    """hls.js as one script file.

    Raises:
        StackError: npm is missing or fails.
    """
    package, lock = (files("playhead.player").joinpath(name).read_text(encoding="utf-8") for name in ("package.json", "package-lock.json"))
    return ensure_npm_package(cache_dir / "player", package, lock) / "hls.js" / "dist" / "hls.min.js"


def ensure_npm_package(home: Path, package: str, lock: str) -> Path:
    """The modules that a package.json names, installed in `home` by `npm ci` where they are missing or others than the lock says.

    Raises:
        StackError: npm is missing or fails.
    """
    modules = home / "node_modules"
    stamp = modules / ".playhead-lock.json"
    names = sorted(json.loads(package)["dependencies"])
    if all((modules / name).is_dir() for name in names) and stamp.is_file() and stamp.read_text(encoding="utf-8") == lock:
        return modules
    home.mkdir(parents=True, exist_ok=True)
    (home / "package-lock.json").write_text(lock, encoding="utf-8")
    (home / "package.json").write_text(package, encoding="utf-8")
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], home, f"install {', '.join(names)}")
    stamp.write_text(lock, encoding="utf-8")
    return modules


def ensure_stream(home: Path) -> Path:
    """The folder of an HLS stream in two renditions, from ffmpeg's test picture and a tone; `stream.m3u8` is its entry.

    Raises:
        StackError: ffmpeg is missing or fails.
    """
    media = home / "player" / f"media-{STREAM_SECONDS}s"
    if (media / "stream.m3u8").is_file():
        return media
    making = media.with_suffix(".making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    _run(_ffmpeg(), making, "make the test stream")
    making.rename(media)
    return media


def _ffmpeg() -> list[str]:
    frames = 25 * SEGMENT_SECONDS
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-f", "lavfi"]
    command += ["-i", f"testsrc2=size={_RENDITIONS[0][0]}:rate=25:duration={STREAM_SECONDS}"]
    command += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={STREAM_SECONDS}"]
    for _ in _RENDITIONS:
        command += ["-map", "0:v", "-map", "1:a"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k"]
    # Key frames at every segment's start, so that renditions can be changed there.
    command += ["-g", str(frames), "-keyint_min", str(frames), "-sc_threshold", "0"]
    for index, (size, kbps) in enumerate(_RENDITIONS):
        command += [
            f"-s:v:{index}",
            size,
            f"-b:v:{index}",
            f"{kbps}k",
            f"-maxrate:v:{index}",
            f"{kbps}k",
            f"-bufsize:v:{index}",
            f"{kbps}k",
        ]
    command += ["-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod", "-master_pl_name", "stream.m3u8"]
    command += ["-var_stream_map", " ".join(f"v:{i},a:{i}" for i in range(len(_RENDITIONS)))]
    return [*command, "-hls_segment_filename", "v%v/%03d.ts", "v%v/index.m3u8"]


def add_title(home: Path) -> None:
    """Puts the stream's title into the catalogue, beside what is there."""
    path = home / "catalogue.json"
    catalogue: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if catalogue.get(CONTENT_ID) == TITLE:
        return
    home.mkdir(parents=True, exist_ok=True)
    making = path.with_suffix(".player-making")
    making.write_text(json.dumps(catalogue | {CONTENT_ID: TITLE}), encoding="utf-8")
    making.replace(path)


def _run(command: list[str], work_dir: Path, what: str) -> None:
    if shutil.which(command[0]) is None:
        raise StackError(f"cannot {what}: {command[0]} is not on PATH; get it with `{_INSTALL}`")
    try:
        done = subprocess.run(command, cwd=work_dir, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise StackError(f"cannot {what}: {command[0]} did not end within {_TIMEOUT_S} s; try again") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise StackError(f"cannot {what}: {command[0]} failed: {' | '.join(said[-3:]) or 'no output'}")
