"""The titles that simulated viewers watch, and the catalogue file that the collector reads for players that report only an id."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from playhead.events.simulator.options import Stream
from playhead.events.simulator.tokens import members

# DOMAIN section 5: shares of content types, and their length in seconds.
CONTENT_TYPES = ("tv_show", "movie", "short_form", "documentary", "live_stream", "trailer")
_TYPE_SHARES = (0.35, 0.30, 0.20, 0.08, 0.05, 0.02)
GENRES = ("drama", "comedy", "action", "thriller", "science_fiction", "family", "sport", "news")
_RATINGS = ("G", "PG", "PG-13", "R", "TV-14", "TV-MA")
_LANGUAGES = ("en", "es", "fr", "de", "ja", "ko", "pt")
_FIRST = ("Silent", "Golden", "Northern", "Hidden", "Electric", "Paper", "Crimson", "Second", "Borrowed", "Endless", "Broken", "Distant")
_SECOND = ("Harbor", "Signal", "Orchard", "Meridian", "Winter", "Engine", "Letters", "Horizon", "River", "Kitchen", "Parade", "Lighthouse")
_MINIMUM_S = 15
_MAXIMUM_S = 4 * 3600


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Titles in columns; a title is an index. `video_members` and `item_members` are its ready JSON in video and other events."""

    entries: dict[str, dict[str, Any]]
    duration_s: NDArray[np.int64]
    genre: NDArray[np.int64]
    genres_count: int
    picks: NDArray[np.int64]
    picks_cdf: NDArray[np.float64]
    video_members: pa.Array
    item_members: pa.Array

    def choose(self, genre: NDArray[np.int64], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
        """A title of each asked genre, by popularity: `picks_cdf` runs from g to g + 1 within genre g."""
        places = np.searchsorted(self.picks_cdf, genre + uniform, side="right")
        return self.picks[np.minimum(places, len(self.picks) - 1)]


def build_catalogue(titles: int, seed: int) -> Catalogue:
    """The catalogue of a seed: the same titles whatever the anchor day."""
    random = np.random.default_rng([seed, int(Stream.CATALOGUE)])
    kinds = random.choice(len(CONTENT_TYPES), titles, p=_TYPE_SHARES)
    durations = _durations(kinds, random)
    genres_count = min(len(GENRES), titles)
    genre = np.concatenate([np.arange(genres_count), random.integers(0, genres_count, titles - genres_count)])
    popularity = random.pareto(1.2, titles) + 0.05
    rating, language, creator = (random.integers(0, n, titles) for n in (len(_RATINGS), len(_LANGUAGES), max(1, titles // 5)))
    entries = {
        f"sim-title-{i:05d}": {
            "content_title": _title(i, CONTENT_TYPES[kinds[i]]),
            "content_type": CONTENT_TYPES[kinds[i]],
            "content_duration": int(durations[i]),
            "content_genre": GENRES[genre[i]],
            "content_rating": _RATINGS[rating[i]],
            "content_language": _LANGUAGES[language[i]],
            "content_creator_id": f"sim-creator-{creator[i]:04d}",
        }
        for i in range(titles)
    }
    picks, picks_cdf = _popularity_by_genre(genre, popularity, genres_count)
    item = ("content_type", "content_creator_id")
    return Catalogue(
        entries=entries,
        duration_s=durations,
        genre=genre,
        genres_count=genres_count,
        picks=picks,
        picks_cdf=picks_cdf,
        video_members=members({"video_id": key, **entry} for key, entry in entries.items()),
        item_members=members({"content_id": key} | {name: entry[name] for name in item} for key, entry in entries.items()),
    )


def write_catalogue(path: Path, catalogue: Catalogue) -> None:
    """Puts the simulated titles into the catalogue file; titles that are there and not simulated (a real player's) stay."""
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    kept = {key: entry for key, entry in kept.items() if not key.startswith("sim-title-")}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(kept | catalogue.entries, indent=1), encoding="utf-8")
    partial.replace(path)


def _durations(kinds: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    count = len(kinds)
    by_kind = np.stack(
        [
            random.normal(2700, 600, count),
            random.normal(6600, 1800, count),
            random.exponential(300, count),
            random.normal(5400, 1200, count),
            random.uniform(3600, 10_800, count),
            random.uniform(60, 180, count),
        ]
    )
    return np.clip(by_kind[kinds, np.arange(count)], _MINIMUM_S, _MAXIMUM_S).astype(np.int64)


def _popularity_by_genre(
    genre: NDArray[np.int64], popularity: NDArray[np.float64], genres_count: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    picks: list[NDArray[np.int64]] = []
    cdf: list[NDArray[np.float64]] = []
    for each in range(genres_count):
        titles = np.flatnonzero(genre == each)
        weights = popularity[titles] / popularity[titles].sum()
        picks.append(titles)
        cdf.append(each + np.minimum(np.cumsum(weights), 1.0))
    return np.concatenate(picks), np.concatenate(cdf)


def _title(index: int, content_type: str) -> str:
    words = f"{_FIRST[index % len(_FIRST)]} {_SECOND[index // len(_FIRST) % len(_SECOND)]}"
    return f"{words} {index // (len(_FIRST) * len(_SECOND)) + 1}" + (" (trailer)" if content_type == "trailer" else "")
