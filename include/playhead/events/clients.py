"""Who sent a CMCD report, as far as a request tells: address, user agent, and what these say about the device."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import blake2b

# First match wins; what identifies itself as a television often also says Android or Linux.
_DEVICES = (
    (r"PlayStation|Xbox|Nintendo", "gaming_console", "web"),
    (r"Roku", "tv", "roku"),
    (r"AppleTV|Apple TV|tvOS", "tv", "apple_tv"),
    (r"AFT\w", "tv", "fire_tv"),
    (r"BRAVIA|Android TV|GoogleTV", "tv", "android_tv"),
    (r"SmartTV|SMART-TV|Tizen|Web0S|WebOS|HbbTV|CrKey", "tv", "web"),
    (r"iPad", "tablet", "web"),
    (r"iPhone|iPod", "mobile", "web"),
    (r"Android(?=.*Mobile)", "mobile", "web"),
    (r"^Mozilla.*Android", "tablet", "web"),
    (r"ExoPlayer|AndroidXMedia3|Dalvik", "mobile", "android"),
    (r"AppleCoreMedia.*(iPhone|iPad)", "mobile", "ios"),
)
_PATTERNS = tuple((re.compile(pattern), device_type, platform) for pattern, device_type, platform in _DEVICES)

# CMCD tells no picture height, so the rendition follows from the encoded bitrate: upper bounds in kbit/s, between the rungs of Apple's
# HLS authoring ladder (145 to 7,800 for 234p to 1080p), and beyond it for what that ladder does not reach.
_LADDER = (
    (150, "144p"),
    (365, "240p"),
    (1100, "360p"),
    (2000, "480p"),
    (4500, "720p"),
    (8000, "1080p"),
    (16000, "1440p"),
    (45000, "4k"),
)


@dataclass(frozen=True, slots=True)
class Client:
    """The sender of a request. `target` tells apart several event targets of one player (`?target=`): each counts its own sn."""

    address: str
    user_agent: str
    received_at: str
    target: str = ""

    def pseudonym(self) -> str:
        """A device id for players that send none: the same device behind the same address, and not the address itself."""
        return "device-" + blake2b(f"{self.address}|{self.user_agent}".encode(), digest_size=8).hexdigest()


def guess_device(user_agent: str) -> tuple[str, str]:
    """(device_type, platform) of a user agent; a browser's platform is the web, whatever it runs on."""
    return next(((device, platform) for pattern, device, platform in _PATTERNS if pattern.search(user_agent)), ("desktop", "web"))


def rendition(bitrate_kbps: float | None) -> str:
    """The video_quality a bitrate stands for; `auto` where the player has not told one."""
    if bitrate_kbps is None:
        return "auto"
    return next((name for bound, name in _LADDER if bitrate_kbps <= bound), "8k")
