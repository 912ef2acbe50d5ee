"""What is served to apps: the published lists, popular titles for strangers, newer lists without a restart, and risks when asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from pyspark.errors import PySparkException
from starlette.testclient import TestClient

from playhead.churn.now import ChurnNow
from playhead.errors import ModelError, PlayheadError, StackError, TooEarlyError, UnknownUserError
from playhead.io.contest_record import ContestRecord, record_contest
from playhead.io.delta_table import append_rows
from playhead.serving import app as served
from playhead.serving.app import Server, create_app
from playhead.serving.assessor import Assessor
from playhead.serving.shelf import Shelf, refresh_shelf


def nobody_known(user_id: str) -> ChurnNow:
    raise UnknownUserError(f"no paid user {user_id!r} was seen")


def publish(lake: str, day: int, lists: dict[str, list[str]]) -> None:
    """Lists of a day, as the job publishes them."""
    rows: list[dict[str, Any]] = [
        {
            "score_date": date(2026, 11, day), "viewer_id": viewer, "recommendation_rank": rank, "content_id": title,
            "recommendation_score": 1 / rank, "because_content_id": "seen" if rank == 1 else None, "ranked_by": "als",
        }
        for viewer, titles in lists.items()
        for rank, title in enumerate(titles, 1)
    ]  # fmt: skip
    append_rows(lake, "gold.recommendations", rows)
    record_contest(lake, ContestRecord(f"2026-11-{day}", "als", "beats both", {}, len(rows), ["hit", "next"]))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "serving" / "lists.sqlite"


@pytest.fixture
def server(lake: str, path: Path) -> Server:
    return Server(lake, path)


@pytest.fixture
def client(server: Server) -> Iterator[TestClient]:
    """Questions to the application; tests look for new lists themselves."""
    client = TestClient(create_app(server, nobody_known))  # not entered: nothing runs in the background
    yield client
    client.close()


def told(client: TestClient, viewer: str) -> tuple[str, list[str]]:
    answer = client.get(f"/v1/recommendations/{viewer}")
    assert answer.status_code == 200
    return answer.json()["ranked_by"], [each["content_id"] for each in answer.json()["recommendations"]]


def test_before_the_first_lists_it_says_what_is_missing(client: TestClient, server: Server) -> None:
    server.look()
    for url in ("/v1/recommendations/ann", "/healthz"):
        answer = client.get(url)
        assert answer.status_code == 503
        assert "recommend_titles" in answer.json()["detail"]


def test_a_viewer_is_told_the_published_list_and_why(client: TestClient, server: Server, lake: str) -> None:
    publish(lake, 24, {"ann": ["a", "b"], "bob": ["c"]})
    server.look()
    assert client.get("/v1/recommendations/ann").json() == {
        "viewer_id": "ann",
        "score_date": "2026-11-24",
        "ranked_by": "als",
        "recommendations": [
            {"recommendation_rank": 1, "content_id": "a", "recommendation_score": 1.0, "because_content_id": "seen"},
            {"recommendation_rank": 2, "content_id": "b", "recommendation_score": 0.5, "because_content_id": None},
        ],
    }
    assert client.get("/healthz").json() == {"score_date": "2026-11-24"}


def test_a_stranger_is_told_popular_titles(client: TestClient, server: Server, lake: str) -> None:
    publish(lake, 24, {"ann": ["a"]})
    server.look()
    assert told(client, "nobody") == ("popularity", ["hit", "next"])


def test_newer_lists_come_into_use_without_a_restart(client: TestClient, server: Server, lake: str) -> None:
    publish(lake, 24, {"ann": ["a"], "bob": ["c"]})
    server.look()
    publish(lake, 25, {"ann": ["b"]})
    assert told(client, "ann") == ("als", ["a"]), "until it has looked"
    server.look()
    assert told(client, "ann") == ("als", ["b"])
    assert told(client, "bob") == ("popularity", ["hit", "next"]), "of the newest day alone"


def test_a_started_server_looks_by_itself(server: Server, lake: str) -> None:
    publish(lake, 24, {"ann": ["a"]})
    with TestClient(create_app(server, nobody_known)) as client:
        while client.get("/healthz").status_code == 503:
            pass
        assert told(client, "ann") == ("als", ["a"])


def test_lists_stay_in_use_when_a_look_fails(lake: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(lake, 24, {"ann": ["a"]})
    server, looks = Server(lake, path, looks_every_s=0.001), []

    def failing(*_told: object) -> bool:
        looks.append(1)
        raise OSError("the lake cannot be reached")

    server.look()
    monkeypatch.setattr(served, "refresh_shelf", failing)
    with TestClient(create_app(server, nobody_known)) as client:
        while len(looks) < 3:
            assert told(client, "ann") == ("als", ["a"])


def test_prometheus_is_told_answers_by_endpoint_and_the_day_of_the_lists(client: TestClient, server: Server, lake: str) -> None:
    client.get("/v1/recommendations/ann")
    publish(lake, 24, {"ann": ["a"]})
    server.look()
    for url in ("/v1/recommendations/ann", "/v1/recommendations/bob", "/v1/churn/nobody", "/v2/whatever", "/v2/else"):
        client.get(url)
    told = client.get("/metrics").text.splitlines()
    assert {line for line in told if line.startswith("playhead_serving_answers_total")} == {
        'playhead_serving_answers_total{endpoint="recommendations",status="503"} 1.0',
        'playhead_serving_answers_total{endpoint="recommendations",status="200"} 2.0',
        'playhead_serving_answers_total{endpoint="churn",status="404"} 1.0',
        'playhead_serving_answers_total{endpoint="none",status="404"} 2.0',
    }
    assert 'playhead_serving_seconds_count{endpoint="recommendations"} 3.0' in told
    (lists,) = (line for line in told if line.startswith("playhead_serving_lists_timestamp_seconds "))
    assert float(lists.split()[1]) == datetime(2026, 11, 24, tzinfo=UTC).timestamp()


def test_an_answer_that_fails_is_counted(server: Server) -> None:
    def fail(user_id: str) -> ChurnNow:
        raise ValueError(user_id)

    with TestClient(create_app(server, fail), raise_server_exceptions=False) as client:
        assert client.get("/v1/churn/ann").status_code == 500
        assert 'playhead_serving_answers_total{endpoint="churn",status="500"} 1.0' in client.get("/metrics").text


def test_shelf__is_written_once_for_a_version(lake: str, path: Path) -> None:
    publish(lake, 24, {"ann": ["a"]})
    assert [refresh_shelf(lake, path), refresh_shelf(lake, path)] == [True, False]
    kept = Shelf(path)
    publish(lake, 25, {"ann": ["b"]})
    assert refresh_shelf(lake, path)
    assert [place.content_id for place in kept.of("ann")] == ["a"], "who has the old file open keeps it"
    assert [place.content_id for place in Shelf(path).of("ann")] == ["b"]


def test_shelf__a_file_that_cannot_be_read_is_written_anew(lake: str, path: Path) -> None:
    publish(lake, 24, {"ann": ["a"]})
    path.parent.mkdir()
    path.write_bytes(b"SQLite format 3\0 and then nothing")
    assert refresh_shelf(lake, path)
    assert [place.content_id for place in Shelf(path).of("ann")] == ["a"]


@pytest.mark.parametrize("viewer", ["", "x" * 129])
def test_no_viewer_has_such_an_id(client: TestClient, server: Server, viewer: str) -> None:
    assert client.get(f"/v1/recommendations/{viewer}").status_code in {404, 422}


def test_the_risk_of_a_user_is_told_as_it_was_worked_out(server: Server) -> None:
    risk = ChurnNow(
        "ann", date(2026, 11, 24), datetime(2026, 11, 25, 9, tzinfo=UTC), 0.25, "Medium", "absent for 5 days", 5.0, 14, "churn-3"
    )
    asked: list[str] = []

    def assess(user_id: str) -> ChurnNow:
        asked.append(user_id)
        return risk

    with TestClient(create_app(server, assess)) as client:
        answer = client.get("/v1/churn/ann")
    assert (answer.status_code, asked) == (200, ["ann"])
    assert answer.json() == {
        "user_id": "ann", "cutoff_date": "2026-11-24", "known_until": "2026-11-25T09:00:00Z", "churn_probability": 0.25,
        "churn_risk_category": "Medium", "top_reasons": "absent for 5 days", "days_since_last_active": 5.0, "horizon_days": 14,
        "model_version": "churn-3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownUserError("no paid user 'ann' was seen"), 404),
        (TooEarlyError("gold.user_daily has no rows yet"), 503),
        (ModelError("the files differ"), 503),
        (StackError("no Spark answers"), 503),
    ],
)
def test_why_there_is_no_risk_is_told(server: Server, error: PlayheadError, status: int) -> None:
    def assess(_user_id: str) -> ChurnNow:
        raise error

    with TestClient(create_app(server, assess)) as client:
        answer = client.get("/v1/churn/ann")
    assert (answer.status_code, answer.json()["detail"]) == (status, str(error))


def test_an_engine_that_does_not_listen_is_told_of_at_once(tmp_path: Path) -> None:
    assessor = Assessor(str(tmp_path / "lake"), tmp_path / "mlflow", "sc://127.0.0.1:1", 14)
    with pytest.raises(StackError, match="no Spark answers"):
        assessor.assess("ann")


@pytest.mark.parametrize(("failures", "sessions"), [(0, 1), (1, 2), (2, 2)])
def test_an_engine_that_was_started_anew_is_asked_once_more(monkeypatch: pytest.MonkeyPatch, failures: int, sessions: int) -> None:
    """Its client holds a session that only the engine before knew; a new one is made, once."""
    opened: list[Mock] = []

    def reach(_remote: str) -> Mock:
        opened.append(Mock())
        return opened[-1]

    scorer = Mock()
    scorer.score.side_effect = [*[PySparkException("no such session")] * failures, "the risk"]
    assessor = Assessor("lake", Path("mlflow"), "sc://engine", 14)
    monkeypatch.setattr("playhead.serving.assessor.reach", reach)
    monkeypatch.setattr(Assessor, "_scorer", scorer)
    if failures < 2:
        assert assessor.assess("ann") == "the risk"
    else:
        with pytest.raises(StackError, match=r"the batch engine at sc://engine failed \(PySparkException\)"):
            assessor.assess("ann")
    assert len(opened) == sessions
    assert [session.stop.called for session in opened] == [True] * failures + [False] * (sessions - failures)
