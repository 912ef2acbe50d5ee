"""Which records the event contracts accept, written from DOMAIN.md section 1 as one SQL condition; nothing of playhead is read."""

from __future__ import annotations

FUTURE_MS = 5 * 60_000


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


VIDEO = words("video_play video_pause video_stop video_seek video_buffer video_error video_quality_change video_complete")
INTERACTION = words("user_like user_dislike user_comment user_share user_subscribe user_unsubscribe user_bookmark")
AD = words("ad_impression ad_click ad_skip ad_complete ad_error")
SESSION = words("session_start session_end session_heartbeat device_change")
TYPES_OF_TOPIC = {"video_events": VIDEO, "user_interactions": INTERACTION, "ad_events": AD, "session_events": SESSION}
TIERS = "free basic premium enterprise"
DEVICES = "mobile tablet desktop tv gaming_console smart_speaker"
PLATFORMS = "ios android windows macos linux web roku apple_tv android_tv fire_tv"
QUALITIES = "144p 240p 360p 480p 720p 1080p 1440p 4k 8k auto"
CONTENT = "movie tv_show documentary live_stream short_form trailer advertisement user_generated"
ADS = "pre_roll mid_roll post_roll banner overlay sponsored"
INT, NUM = ("UBIGINT", "BIGINT"), ("UBIGINT", "BIGINT", "DOUBLE")
# Text fields: shortest and longest. Choices: the words. Numbers: JSON types, least, most (None: no bound), and whether least itself is out.
TEXT: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("session_id", "device_id", "user_id", "playback_id", "video_id", "content_id", "ad_id"), (1, 128)),
    **dict.fromkeys(("region", "city", "campaign_id", "ab_test_variant", "content_creator_id", "interaction_context"), (0, 128)),
    **dict.fromkeys(("ad_creative_id", "ad_campaign_id", "advertiser_id", "previous_device_id", "error_code"), (0, 128)),
    **dict.fromkeys(("cdn", "player", "content_genre", "share_platform"), (0, 64)),
    **dict.fromkeys(("referrer", "share_url"), (0, 2048)),
    **dict.fromkeys(("content_language", "audio_language", "subtitle_language"), (0, 35)),
    "user_agent": (1, 1024), "app_version": (1, 64), "content_title": (1, 512), "content_rating": (0, 32),
    "connection_type": (0, 32), "error_message": (0, 4096), "comment_text": (1, 5000), "ip_address": (3, 45),
}  # fmt: skip
WORDS = {
    "device_type": DEVICES, "previous_device_type": DEVICES, "platform": PLATFORMS, "video_quality": QUALITIES,
    "content_type": CONTENT, "ad_type": ADS, "subscription_tier": TIERS,
}  # fmt: skip
NUMBERS: dict[str, tuple[tuple[str, ...], float | None, float | None, bool]] = {
    "schema_version": (INT, 1, 1000, False), "content_duration": (INT, 1, 604_800, False), "playback_position": (INT, 0, None, False),
    **dict.fromkeys(("dropped_frames", "page_views", "videos_watched", "app_crashes", "network_errors"), (INT, 0, None, False)),
    **dict.fromkeys(("buffer_duration", "startup_time", "view_duration"), (NUM, 0, 86_400, False)),
    **dict.fromkeys(("bitrate", "bandwidth"), (NUM, 0, 10_000_000, True)),
    **dict.fromkeys(("seek_from_position", "seek_to_position", "ad_position", "skip_position", "click_position"), (NUM, 0, None, False)),
    **dict.fromkeys(("ad_price", "session_duration"), (NUM, 0, None, False)),
    "ad_duration": (NUM, 0, 86_400, True), "latitude": (NUM, -90, 90, False), "longitude": (NUM, -180, 180, False),
}  # fmt: skip
PATTERNS = {
    "event_id": "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ip_address": "[0-9a-fA-F:.]+", "country": "[A-Z]{2}", "currency": "[A-Z]{3}",
}  # fmt: skip
TIMES, DAYS = ("event_timestamp", "received_at", "sent_at"), ("user_signup_date", "user_tier_change_date")
FIELDS = sorted({*TEXT, *WORDS, *NUMBERS, *PATTERNS, *TIMES, *DAYS, "event_type", "fatal"})
ENVELOPE = words("event_id event_type event_timestamp received_at schema_version session_id device_id") + words(
    "ip_address user_agent device_type platform app_version"
)
REQUIRED = {
    **dict.fromkeys(VIDEO, words("playback_id video_id content_title content_type content_duration playback_position video_quality")),
    **dict.fromkeys(INTERACTION, words("content_id content_type")),
    **dict.fromkeys(AD, words("ad_id ad_type ad_duration ad_position content_id content_type")),
    **dict.fromkeys(SESSION, ()),
}
ALSO_REQUIRED: dict[str, tuple[str, ...]] = {
    "video_seek": words("seek_from_position seek_to_position"),
    "video_buffer": words("buffer_duration"),
    "video_error": words("error_code"),
    "user_comment": words("comment_text"),
    "ad_error": words("error_code"),
    "device_change": words("previous_device_id"),
}


def is_valid(topic: str) -> str:
    """The condition that a record of the topic meets every demand; `x_t` is the JSON type of field x, NULL where it is absent."""
    types = TYPES_OF_TOPIC.get(topic, (*VIDEO, *INTERACTION, *AD, *SESSION))
    demands = [f"event_type IN {types}", "event_type_t = 'VARCHAR'"]
    demands += [f"{name} IS NOT NULL" for name in ENVELOPE]
    demands += [
        f"(event_type <> '{event_type}' OR ({' AND '.join(f'{n} IS NOT NULL' for n in needs)}))"
        for event_type in types
        if (needs := (*REQUIRED[event_type], *ALSO_REQUIRED.get(event_type, ())))
    ]
    demands += [_if_told(name, f"{name}_t = 'VARCHAR' AND length({name}) BETWEEN {a} AND {b}") for name, (a, b) in TEXT.items()]
    demands += [_if_told(name, f"{name}_t = 'VARCHAR' AND {name} IN {tuple(words.split())}") for name, words in WORDS.items()]
    demands += [_if_told(name, f"{name}_t = 'VARCHAR' AND regexp_full_match({name}, '{p}')") for name, p in PATTERNS.items()]
    demands += [_if_told(name, f"{name}_t = 'VARCHAR' AND try_cast({name} AS TIMESTAMP) IS NOT NULL") for name in TIMES]
    demands += [_if_told(name, f"{name}_t = 'VARCHAR' AND try_cast({name} AS DATE) IS NOT NULL") for name in DAYS]
    demands += [_if_told(name, _in_range(name)) for name in NUMBERS]
    demands += [_if_told("fatal", "fatal_t = 'BOOLEAN'")]
    demands += [f"epoch_ms(moment) - epoch_ms(received) <= {FUTURE_MS}"]
    demands += ["(content_duration IS NULL OR playback_position IS NULL OR playback_position::BIGINT <= content_duration::BIGINT)"]
    # Nested, so that a value is not cast before its own demand was met.
    return "CASE " + " ".join(f"WHEN NOT coalesce({demand}, false) THEN false" for demand in demands) + " ELSE true END"


def _if_told(name: str, demand: str) -> str:
    return f"({name} IS NULL OR ({demand}))"


def _in_range(name: str) -> str:
    types, least, most, is_open = NUMBERS[name]
    told = f"{name}_t IN {types}"
    value = f"try_cast({name} AS DOUBLE)"
    lower = "" if least is None else f" AND {value} {'>' if is_open else '>='} {least}"
    upper = "" if most is None else f" AND {value} <= {most}"
    return told + lower + upper
