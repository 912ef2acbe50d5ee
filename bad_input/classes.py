"""The classes of input, one a line: what is changed of a valid event, and the reasons that the quarantine must give."""

from __future__ import annotations

from bad_input import spoilt
from bad_input.model import ABSENT, AD, COMMENT, SESSION, VALID, VIDEO, InputClass
from bad_input.spoilt import behind, ending, instead, nested, replaced
from playhead.events.validation import DEEPEST
from playhead.io.topics import declared_topics

_LIMITS = {topic.name: topic.max_message_bytes for topic in declared_topics({}, 1).values()}
_VIDEO_LIMIT, _COMMENT_LIMIT = _LIMITS["video_events"], _LIMITS["user_interactions"]
FAILURE = "failure"  # each raises an alert
_FEW = 3  # of those that are large

_TIMES = ("event_timestamp", "received_at")
_CLOCKS = tuple(f"range:{name}" for name in _TIMES)
UTF8, JSON, OBJECT, TWICE, TYPE = ("invalid_utf8",), ("malformed_json",), ("not_an_object",), ("duplicate_key",), ("mistyped",)

_BYTES = (
    # --- no text
    InputClass("bad_utf8", UTF8, becomes=ending(b"\xff\xfe")),
    InputClass("latin_1", UTF8, becomes=ending("é".encode("latin-1"))),
    InputClass("overlong_utf8", UTF8, becomes=ending(b"\xc0\x80")),
    InputClass("surrogate_in_utf8", UTF8, becomes=ending(b"\xed\xa0\x80")),
    InputClass("half_a_surrogate_pair", UTF8, becomes=ending(rb"\ud83d")),
    InputClass("half_a_character", UTF8, becomes=spoilt.half_a_character),
    InputClass("utf16", UTF8, becomes=spoilt.in_utf16),
    InputClass("gzip", UTF8, becomes=spoilt.zipped),
    InputClass("gzip_bomb", UTF8, becomes=spoilt.bomb),
    InputClass("msgpack", UTF8, becomes=instead(b"\x82\xa8event_id\xa1x\xaaevent_type\xa1y")),
    # --- no JSON
    InputClass("empty", JSON, becomes=instead(b"")),
    InputClass("blank", JSON, becomes=instead(b" \r\n\t")),
    InputClass("zeros", JSON, becomes=instead(bytes(64))),
    InputClass("byte_order_mark", JSON, becomes=lambda value, _: b"\xef\xbb\xbf" + value),
    InputClass("utf16_without_mark", JSON, becomes=spoilt.in_utf16_unmarked),
    InputClass("truncated", JSON, becomes=spoilt.truncated),
    InputClass("text", JSON, becomes=instead(b"hello")),
    InputClass("html_page", JSON, becomes=instead(b"<!doctype html><title>502 Bad Gateway</title>")),
    InputClass("csv_line", JSON, becomes=instead(b"event_id,event_type\nx,video_play\n")),
    InputClass("cmcd_line", JSON, becomes=instead(b'br=(800),cid="title-1",e=ps,sid="p",sn=0,sta=s,ts=1795492836406,v=2')),
    InputClass("cmcd_query", JSON, becomes=instead(b"CMCD=bl%3D21300%2Cbr%3D3200%2Ccid%3D%22title-1%22%2Csid%3D%22p%22")),
    InputClass("base64", JSON, becomes=spoilt.in_base64),
    InputClass("schema_id_before_it", JSON, becomes=spoilt.with_schema_id),
    InputClass("single_quotes", JSON, becomes=spoilt.single_quotes),
    InputClass("two_objects", JSON, becomes=lambda value, _: value * 2),
    InputClass("junk_behind_it", JSON, becomes=behind(b" junk")),
    InputClass("equals_for_a_colon", JSON, becomes=replaced(b'":', b'"=')),
    InputClass("control_character_in_text", JSON, becomes=ending(b"a\nb")),
    InputClass("unknown_escape", JSON, becomes=ending(rb"\x41")),
    InputClass("too_deep", JSON, becomes=nested(DEEPEST + 1)),
    InputClass("far_too_deep", JSON, becomes=nested(20_000), at_most=100),
    InputClass("deep_and_unclosed", JSON, becomes=instead(b'{"a":' * 20_000), at_most=100),
    # --- no object
    InputClass("array", OBJECT, becomes=lambda value, _: b"[" + value + b"]"),
    InputClass("number", OBJECT, becomes=lambda _, number: b"%d" % number),
    InputClass("null", OBJECT, becomes=instead(b"null")),
    InputClass("true", OBJECT, becomes=instead(b"true")),
    InputClass("json_in_a_string", OBJECT, becomes=lambda value, _: b'"' + value.replace(b'"', rb"\"") + b'"'),
    # --- odd and right
    InputClass("spaced_out", VALID, becomes=spoilt.spaced_out),
    InputClass("escaped_keys", VALID, becomes=spoilt.escaped_keys),
    InputClass("as_deep_as_may_be", VALID, becomes=nested(DEEPEST)),
    InputClass("brackets_in_text", VALID, becomes=ending(b"[{" * DEEPEST)),
    # --- size
    InputClass("as_large_as_may_be", VALID, of=(VIDEO,), becomes=spoilt.as_large_as(_VIDEO_LIMIT), at_most=_FEW),
    InputClass("as_large_as_a_comment_may_be", VALID, of=(COMMENT,), becomes=spoilt.as_large_as(_COMMENT_LIMIT), at_most=_FEW),
    InputClass("long_text", ("length:user_agent",), fields={"user_agent": "x" * (_VIDEO_LIMIT - 4096)}, at_most=_FEW),
    InputClass("too_large", of=(VIDEO, AD, SESSION), becomes=spoilt.larger_than(_VIDEO_LIMIT), is_refused=True, at_most=_FEW),
    InputClass("too_large_for_a_comment", of=(COMMENT,), becomes=spoilt.larger_than(_COMMENT_LIMIT), is_refused=True, at_most=_FEW),
)

_MEMBERS = (
    InputClass("nan", JSON, member='"bitrate":NaN'),
    InputClass("infinity", JSON, member='"bitrate":-Infinity'),
    InputClass("beyond_any_double", JSON, member='"bitrate":1e400'),
    InputClass("number_of_many_digits", JSON, member='"z":' + "9" * 5_000),
    InputClass("leading_zero", JSON, member='"z":007'),
    InputClass("hexadecimal", JSON, member='"z":0x1F'),
    InputClass("trailing_comma", JSON, member='"z":1,'),
    InputClass("comment_in_it", JSON, member='"z":1 // one'),
    InputClass("unquoted_key", JSON, member="z:1"),
    InputClass("key_twice", TWICE, member='"session_id":"other"'),
    InputClass("key_twice_and_equal", TWICE, member='"schema_version":1'),
    InputClass("key_twice_by_an_escape", TWICE, member=r'"session\u005fid":"other"'),
    InputClass("key_twice_within", TWICE, member='"z":{"a":1,"a":2}'),
    InputClass("key_first_null_then_told", TWICE, member='"z":null,"z":1'),
    # --- odd and right
    InputClass("unknown_field", VALID, member='"made_up":{"a":[1,2,{"b":null}]}'),
    InputClass("unknown_field_with_an_address", VALID, member='"email":"viewer@example.com"'),
    InputClass("unknown_whole_number_beyond_64_bits", VALID, member='"z":' + "9" * 40),
    InputClass("empty_key", VALID, member='"":1'),
    InputClass("key_of_another_case", VALID, member='"Event_Type":"x"'),
    InputClass("keys_of_javascript", VALID, member='"__proto__":{"x":1},"constructor":1'),
    InputClass("known_fields_of_other_types_null", VALID, member='"seek_from_position":null,"previous_device_id":null'),
    InputClass("long_key", VALID, member=f'"{"z" * 60_000}":1', at_most=100),
    InputClass("a_thousand_unknown_fields", VALID, member=",".join(f'"z{n}":{n}' for n in range(1_000)), at_most=100),
)

_FIELDS = (
    # --- what it is
    InputClass("no_type", ("required:event_type",), fields={"event_type": ABSENT}),
    InputClass("unknown_type", ("unknown_event_type",), fields={"event_type": "video_teleport"}),
    InputClass("type_of_another_case", ("unknown_event_type",), fields={"event_type": "Video_Play"}),
    InputClass("type_is_a_list", ("unknown_event_type", "mistyped"), fields={"event_type": [VIDEO]}),
    InputClass("no_id", ("required:event_id",), fields={"event_id": ABSENT}),
    InputClass("id_in_capitals", ("pattern:event_id",), fields={"event_id": "0B5A4C3E-1111-4222-8333-944455566677"}),
    InputClass("id_with_a_line_behind", ("pattern:event_id",), fields={"event_id": "0b5a4c3e-1111-4222-8333-944455566677\n"}),
    InputClass("version_0", ("range:schema_version",), fields={"schema_version": 0}),
    InputClass("version_beyond_all", ("range:schema_version",), fields={"schema_version": 1001}),
    InputClass("version_in_words", TYPE, fields={"schema_version": "v2"}),
    InputClass("newer_version", VALID, fields={"schema_version": 2, "field_of_version_2": "new"}),
    InputClass("wrong_topic", ("wrong_topic",), of=(VIDEO, COMMENT, AD), topic="session_events"),
    InputClass("wrong_topic_and_value", ("range:latitude", "wrong_topic"), of=(VIDEO,), fields={"latitude": 91}, topic="ad_events"),
    # --- what is missing
    InputClass("no_session", ("required:session_id",), fields={"session_id": ABSENT}),
    InputClass("null_device", ("required:device_id",), fields={"device_id": None}),
    InputClass("no_address", ("required:ip_address",), fields={"ip_address": ABSENT}),
    InputClass("no_title", ("required:content_title",), of=(VIDEO,), fields={"content_title": ABSENT}),
    InputClass("nothing_said", ("required:comment_text",), of=(COMMENT,), fields={"comment_text": None}),
    InputClass("no_ad", ("required:ad_id", "required:ad_type"), of=(AD,), fields={"ad_id": ABSENT, "ad_type": ABSENT}),
    InputClass("empty_session", ("length:session_id",), fields={"session_id": ""}),
    # --- wrong types, of each kind of column
    InputClass("number_for_a_text", TYPE, fields={"app_version": 1.5}),
    InputClass("object_for_a_text", TYPE, fields={"session_id": {"id": "s"}}),
    InputClass("list_for_a_text", TYPE, fields={"device_id": ["d"]}),
    InputClass("text_for_a_whole_number", TYPE, of=(VIDEO,), fields={"playback_position": "12"}),
    InputClass("fraction_for_a_whole_number", TYPE, of=(VIDEO,), fields={"playback_position": 12.5}),
    InputClass("truth_for_a_whole_number", TYPE, of=(SESSION,), fields={"page_views": True}),
    InputClass("int64_overflow", TYPE, of=(VIDEO,), fields={"dropped_frames": 2**63}),
    InputClass("int64_underflow", TYPE, of=(VIDEO,), fields={"dropped_frames": -(2**63) - 1}),
    InputClass("text_for_a_number", TYPE, fields={"latitude": "52.5"}),
    InputClass("truth_for_a_number", TYPE, fields={"longitude": False}),
    InputClass("whole_number_beyond_any_double", TYPE, of=(VIDEO,), fields={"bitrate": 10**400}),
    InputClass("text_for_a_truth", TYPE, of=(VIDEO,), fields={"fatal": "true"}),
    InputClass("number_for_a_truth", TYPE, of=(VIDEO,), fields={"fatal": 1}),
    InputClass("text_for_a_price", TYPE, of=(AD,), fields={"ad_price": "0.01"}),
    InputClass("price_of_too_many_digits", TYPE, of=(AD,), fields={"ad_price": 10**12}),
    InputClass("time_for_a_day", TYPE, of=(SESSION,), fields={"user_signup_date": "2026-01-31T00:00:00Z"}),
    InputClass("day_that_no_calendar_has", TYPE, of=(SESSION,), fields={"user_signup_date": "2026-02-29"}),
    InputClass("milliseconds_for_a_time", TYPE, fields={"event_timestamp": 1795492836406}),
    InputClass("day_for_a_time", TYPE, fields={"event_timestamp": "2026-01-31"}),
    InputClass("time_without_zone", TYPE, fields={"event_timestamp": "2026-01-31T12:00:00"}),
    InputClass("leap_second", TYPE, fields={"event_timestamp": "2016-12-31T23:59:60Z"}),
    InputClass("before_the_calendar_begins", TYPE, fields={"event_timestamp": "0001-01-01T00:00:00+14:00"}),
    InputClass("time_in_other_digits", TYPE, fields={"event_timestamp": "２０２６-01-31T12:00:00Z"}),
    # --- out of range
    InputClass("beyond_the_pole", ("range:latitude",), fields={"latitude": 90.000001}),
    InputClass("negative_count", ("range:page_views",), of=(SESSION,), fields={"page_views": -1}),
    InputClass("count_that_no_sum_holds", ("range:dropped_frames",), of=(VIDEO,), fields={"dropped_frames": 2**63 - 1}),
    InputClass("visit_longer_than_any", ("range:session_duration",), of=(SESSION,), fields={"session_duration": 1e300}),
    InputClass("ad_of_no_length", ("range:ad_duration",), of=(AD,), fields={"ad_duration": 0}),
    InputClass("negative_price", ("range:ad_price",), of=(AD,), fields={"ad_price": -0.01}),
    InputClass("unknown_device", ("enum:device_type",), fields={"device_type": "fridge"}),
    InputClass("device_of_another_case", ("enum:device_type",), fields={"device_type": "TV"}),
    InputClass("country_in_words", ("pattern:country",), fields={"country": "Germany"}),
    InputClass("comment_too_long", ("length:comment_text",), of=(COMMENT,), fields={"comment_text": "x" * 5_001}),
    InputClass("two_at_once", ("enum:platform", "range:latitude"), fields={"platform": "toaster", "latitude": -91}),
    InputClass("beyond_the_end", ("condition:position_within_duration",), of=(VIDEO,), fields={"playback_position": 601}),
    # --- personal data in a wrong field
    InputClass("mail_for_a_country", ("pattern:country",), fields={"country": "viewer@example.com"}),
    InputClass("mail_for_an_address", ("pattern:ip_address",), fields={"ip_address": "viewer@example.com"}),
    InputClass("card_for_a_currency", ("pattern:currency",), of=(AD,), fields={"currency": "4111 1111 1111 1111"}),
    InputClass("phone_for_a_latitude", ("range:latitude",), fields={"latitude": 491701234567}),
    InputClass("name_for_a_platform", ("enum:platform",), fields={"platform": "Erika Mustermann"}),
    # --- clocks
    InputClass("in_the_future", ("condition:not_in_the_future",), minutes={"event_timestamp": 5.001}),
    InputClass("in_the_year_1", ("range:event_timestamp",), fields={"event_timestamp": "0001-01-01T00:00:00Z"}),
    InputClass("in_the_year_9999", ("range:event_timestamp",), fields={"event_timestamp": "9999-12-31T23:59:59Z"}),
    InputClass("received_in_the_year_1", _CLOCKS, fields=dict.fromkeys(_TIMES, "0001-01-01T00:00:00Z")),
    InputClass("received_in_the_year_9999", _CLOCKS, fields=dict.fromkeys(_TIMES, "9999-12-31T23:59:59Z")),
    InputClass("sent_in_the_year_9999", ("range:sent_at",), fields={"sent_at": "9999-12-31T23:59:59.999999Z"}),
    InputClass("signed_up_in_the_year_1", ("range:user_signup_date",), of=(SESSION,), fields={"user_signup_date": "0001-01-01"}),
    InputClass("as_far_ahead_as_may_be", VALID, minutes={"event_timestamp": 5}),
    InputClass("in_1970", VALID, fields={"event_timestamp": "1970-01-01T00:00:00Z"}),
    InputClass("received_in_1970", VALID, fields=dict.fromkeys(_TIMES, "1970-01-01T00:00:00Z")),
    InputClass("before_1970", VALID, fields={"event_timestamp": "1969-12-31T23:59:59.999Z"}),
    InputClass("time_of_another_zone", VALID, fields={"event_timestamp": "2026-01-31T23:30:00.123456789-09:30"}),
    InputClass("sent_before_it_happened", VALID, minutes={"sent_at": -90}),
    # --- text that means something elsewhere, and is text here
    InputClass("sql", VALID, fields={"app_version": "'; DROP TABLE users; --"}),
    InputClass("formula", VALID, of=(COMMENT,), fields={"comment_text": "=cmd|' /C calc'!A0"}),
    InputClass("html", VALID, fields={"referrer": "<script>alert(1)</script>"}),
    InputClass("lookup", VALID, fields={"user_agent": "${jndi:ldap://127.0.0.1:1/a}"}),
    InputClass("path", VALID, fields={"campaign_id": "../../../../etc/passwd"}),
    InputClass("template", VALID, of=(VIDEO,), fields={"content_title": "{{7*7}} %s %(x)s $HOME `id`"}),
    InputClass("json_in_text", VALID, of=(VIDEO,), fields={"content_title": '{"event_type":"video_stop"}'}),
    InputClass("null_in_words", VALID, fields={"city": "null", "region": "NaN"}),
    InputClass("emoji", VALID, of=(VIDEO,), fields={"content_title": "👩‍👩‍👧‍👦 Zoë ＆ 東京 \u202egnp.exe"}),
    InputClass("as_many_characters_as_may_be", VALID, of=(COMMENT,), fields={"comment_text": "😀" * 5_000}, at_most=100),
    InputClass("controls_in_text", VALID, fields={"city": "a\u0000b\u001f\u007f\u2028\ufeff"}),
    InputClass("line_in_an_id", VALID, fields={"session_id": "a\r\nb\tc"}),
    # --- numbers at their bounds
    InputClass("largest_count", VALID, of=(VIDEO,), fields={"dropped_frames": 10**9}),
    InputClass("smallest_number", VALID, of=(VIDEO,), fields={"bitrate": 5e-324}),
    InputClass("negative_zero", VALID, fields={"latitude": -0.0}),
    InputClass("at_the_pole", VALID, fields={"latitude": 90}),
    InputClass("longest_title", VALID, of=(VIDEO,), fields={"content_duration": 604_800, "playback_position": 604_800}),
    # --- around the value
    InputClass("no_key", VALID, key=None),
    InputClass("empty_key_of_the_record", VALID, key=""),
    InputClass("key_that_is_no_text", VALID, key=b"\xff\x00"),
    InputClass("headers_twice", VALID, headers=(("producer_sequence", b"junk"), ("producer_id", b"\xff"))),
    InputClass("header_for_what_is_missing", VALID, fields={"received_at": ABSENT}, headers=(("received_at", b"2099-01-01T00:00:00Z"),)),
    InputClass("header_that_is_no_text", ("required:received_at",), fields={"received_at": ABSENT}, headers=(("received_at", b"\xff"),)),
    InputClass("header_that_is_no_time", TYPE, fields={"received_at": ABSENT}, headers=(("received_at", b"noon"),)),
    InputClass(FAILURE, VALID, of=(VIDEO,), fields={"event_type": "video_error", "fatal": True, "error_code": "e"}),
    InputClass("sound", VALID),
)

CLASSES = {each.name: each for each in (*_BYTES, *_MEMBERS, *_FIELDS)}
