"""Fixed vocabularies of the simulation: places, devices, networks, ads. All addresses are from ranges reserved for documentation."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """Where viewers live; `hours` is the distance from UTC and `share` the weight."""

    country: str
    region: str
    city: str
    latitude: float
    longitude: float
    hours: int
    share: float


class Device(NamedTuple):
    """A kind of device: what it runs, its share among viewers, and the best rung of the bitrate ladder it plays."""

    device_type: str
    platforms: tuple[tuple[str, str, str], ...]  # platform, player, user agent
    share: float
    best_rung: int
    startup_factor: float


class Rung(NamedTuple):
    """One rendition of the bitrate ladder."""

    video_quality: str
    bitrate_kbps: int


PLACES = (
    Place("US", "California", "Los Angeles", 34.05, -118.24, -8, 0.18),
    Place("US", "New York", "New York", 40.71, -74.01, -5, 0.16),
    Place("US", "Texas", "Austin", 30.27, -97.74, -6, 0.08),
    Place("GB", "England", "London", 51.51, -0.13, 0, 0.10),
    Place("DE", "Berlin", "Berlin", 52.52, 13.4, 1, 0.08),
    Place("FR", "Île-de-France", "Paris", 48.86, 2.35, 1, 0.07),
    Place("ES", "Madrid", "Madrid", 40.42, -3.7, 1, 0.05),
    Place("BR", "São Paulo", "São Paulo", -23.55, -46.63, -3, 0.08),
    Place("IN", "Maharashtra", "Mumbai", 19.08, 72.88, 5, 0.08),
    Place("JP", "Tokyo", "Tokyo", 35.68, 139.69, 9, 0.06),
    Place("CA", "Ontario", "Toronto", 43.65, -79.38, -5, 0.04),
    Place("AU", "New South Wales", "Sydney", -33.87, 151.21, 10, 0.02),
)

_AGENT = "PlayheadSimulator/1.0 (synthetic; {})"
DEVICES = (
    Device(
        "mobile",
        (("ios", "avplayer", _AGENT.format("iPhone")), ("android", "exoplayer", _AGENT.format("Android phone"))),
        0.45,
        4,
        1.15,
    ),
    Device(
        "desktop",
        (
            ("web", "hls.js", _AGENT.format("Chrome")),
            ("windows", "shaka", _AGENT.format("Windows")),
            ("macos", "avplayer", _AGENT.format("Macintosh")),
            ("linux", "hls.js", _AGENT.format("Linux")),
        ),
        0.25,
        5,
        0.9,
    ),
    Device(
        "tv",
        (
            ("roku", "roku", _AGENT.format("Roku")),
            ("apple_tv", "avplayer", _AGENT.format("Apple TV")),
            ("android_tv", "exoplayer", _AGENT.format("Android TV")),
            ("fire_tv", "exoplayer", _AGENT.format("Fire TV")),
        ),
        0.20,
        6,
        1.0,
    ),
    Device(
        "tablet",
        (("ios", "avplayer", _AGENT.format("iPad")), ("android", "exoplayer", _AGENT.format("Android tablet"))),
        0.08,
        4,
        1.05,
    ),
    Device("gaming_console", (("web", "shaka", _AGENT.format("Console")),), 0.02, 6, 1.0),
)

LADDER = (
    Rung("240p", 400),
    Rung("360p", 800),
    Rung("480p", 1400),
    Rung("720p", 2800),
    Rung("1080p", 5000),
    Rung("1440p", 9000),
    Rung("4k", 16_000),
)
CDNS = ("cdn-amber", "cdn-birch", "cdn-coral")
CONNECTIONS = ("wifi", "cellular", "ethernet")
APP_VERSIONS = ("5.2.0", "5.2.1", "5.3.0")
AUDIO_LANGUAGES = ("en", "es", "fr", "de", "ja", "pt")
VARIANTS = ("autoplay:control", "autoplay:treatment")
TIERS = ("free", "basic", "premium", "enterprise")
TIER_SHARES = (0.60, 0.25, 0.13, 0.02)
REFERRERS = ("https://search.example/", "https://social.example/", "https://news.example/article")
CAMPAIGNS = ("autumn-launch", "win-back", "student-offer")
SHARE_PLATFORMS = ("messages", "mail", "social.example")
CONTEXTS = ("player", "title_page", "end_screen")
COMMENTS = (
    "Great episode!",
    "¿Cuándo sale la próxima temporada?",
    'She said "never again" and I believed her',
    "The ending 😮",
    "字幕がずれています",
    "Too many ads\nbut a good film",
    "A slow start, then wonderful. " * 8,
)
VIDEO_ERRORS = (
    ("MEDIA_DECODE", "The decoder could not read the segment"),
    ("NETWORK_TIMEOUT", "A segment did not arrive in time"),
    ("MANIFEST_LOAD", "The manifest could not be loaded"),
    ("DRM_LICENSE", "The licence server refused the request"),
)
AD_ERRORS = (("VAST_303", "No ad after one or more wrappers"), ("VAST_402", "The media file took too long"))
