"""`split`: the splitter alone, from Python and from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.cli import main
from rolloutsim.manifest.data_plane_names import DATA_PLANES

PROMISED = {"share_percent", "low_percent", "high_percent", "covers", "requests", "connections", "dispersion", "lag1"}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["split", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.mark.parametrize("clients", ["ka1", "new", "ka7", "ka5r20"])
@pytest.mark.parametrize("plane", DATA_PLANES)
def test_every_data_plane_splits_for_every_kind_of_client(plane: str, clients: str) -> None:
    found = rs.split(plane, 50, clients, 1000, seed=3)
    assert found.requests == len(found.canary) == 1000
    assert found.low_percent <= found.share_percent <= found.high_percent
    assert found == rs.split(plane, 50, clients, 1000, seed=3)
    in_flight, per = {"ka1": (1, None), "new": (4, 1), "ka7": (7, None), "ka5r20": (5, 20)}[clients]
    expected = in_flight if per is None else 1000 // per
    assert expected <= found.connections <= expected + in_flight


def test_the_keys_that_scripts_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--data-plane", "kube-proxy/nftables 1/10", "--clients", "ka10r100", "--requests", "20000", "--json", "-")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert set(found) >= PROMISED
    assert set(found["dispersion"]) == {"20", "100", "1000"}
    assert (found["covers"], found["weight_percent"], found["pods"]) == ("connections", 10, 10)


def test_a_file_that_is_not_ours_is_not_overwritten(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    given = ("--data-plane", "random", "--weight", "25", "--json")
    for _ in range(2):
        assert run(capsys, *given, str(tmp_path / "split.json"))[0] == 0
    (tmp_path / "mine.json").write_text('{"a": 1}')
    assert run(capsys, *given, str(tmp_path / "mine.json"))[0] == 2


def test_what_is_wrong_is_said_all_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--data-plane", "haproxi/random1", "--clients", "keep", "--requests", "0", "--latency", "5")
    assert (code, out) == (2, "")
    assert "haproxy/random1" in err.splitlines()[0]
    assert err.splitlines()[-1] == "4 problems"
    assert [line.partition(":")[0] for line in err.splitlines()[:-1]] == ["--data-plane", "--clients", "--requests", "--latency"]


@pytest.mark.parametrize(
    ("plane", "weight", "words"),
    [
        ("envoy/weighted_clusters", None, "a weight is needed"),
        ("envoy/weighted_clusters", 101, "0 to 100"),
        ("envoy/weighted_clusters 1/10", None, "only kube-proxy's"),
        ("kube-proxy/nftables 11/10", None, "canary/total"),
        ("kube-proxy/nftables 1/10", 20, "10 %, not the weight 20"),
        ("caddy/random_20pods", 33, "20 pods"),
        ("???", 10, "ingress-nginx/round_robin, "),
    ],
)
def test_bad_input(plane: str, weight: float | None, words: str) -> None:
    with pytest.raises(rs.InputError, match=words) as found:
        rs.split(plane, weight)
    assert len(found.value.problems) == 1


@pytest.mark.parametrize(("weight", "share"), [(1, 1.05), (5, 4.49), (25, 27.66), (33, 35.29), (50, 52.51), (90, 89.85), (99, 98.63)])
def test_the_ring_has_a_bias_of_its_own(weight: float, share: float) -> None:
    """Computed from HAProxy's hash for servers 1 and 2; a client counts within 4 standard errors of it."""
    from rolloutsim.world.traffic.planes.ring_random import np, ring_shares

    assert 100 * ring_shares(np.array([100 - weight, weight]) / 100, 2)[1] == pytest.approx(share, abs=0.006)
    found = rs.split("haproxy/random1", weight, "ka50", 40_000)
    assert abs(found.share_percent - share) < 4 * 100 * (share / 100 * (1 - share / 100) / 40_000) ** 0.5


def test_what_an_interval_is_about() -> None:
    assert rs.split("envoy/weighted_clusters", 25, "ka10").covers == "requests"
    assert rs.split("kube-proxy/iptables", 25, "ka10").covers == "connections"
    assert rs.split("kube-proxy/iptables", 25, "new").covers == "requests"
    exact = rs.split("nginx/upstream_wrr", 25, "ka10")
    assert (exact.covers, exact.share_percent) == ("bound", 25)
    assert exact.high_percent - exact.low_percent <= 0.021
    tenths = rs.split("haproxy/roundrobin_tcp", 33, "ka10")
    assert (tenths.covers, tenths.low_percent < 25) == ("bound", True)
    assert round(tenths.share_percent) in (30, 40)


def test_a_result_shows_itself() -> None:
    found = rs.split("caddy/weighted_round_robin", 33, "ka1", 5000)
    assert found.frame().share_percent[0] == pytest.approx(33)
    assert found.dispersion[20] == pytest.approx(15.4, abs=0.1)
    assert found.dispersion[100] == pytest.approx(0, abs=1e-9)
    assert "33.00 %" in str(found)
    assert "<table" in found._repr_html_()


def test_latency_moves_what_looks_at_the_load() -> None:
    """A canary four times as slow: a weight of a half gives a fifth to a closed loop (w/latency against (1-w)/latency)."""
    assert rs.split("haproxy/leastconn", 50, "ka10", 4000, latency="5ms", canary_latency="20ms").share_percent == pytest.approx(20, abs=2)
    assert rs.split("nginx/upstream_wrr", 50, "ka10", 4000, latency="5ms", canary_latency="20ms").share_percent == pytest.approx(50, abs=0.1)


def test_the_words_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--data-plane", "haproxy/leastconn", "--weight", "10")
    assert code == 0
    assert "50.00 % of 10,000 requests: 40.0 points above the weight" in out
    again = out.splitlines()[-1].removeprefix("repeat:  rolloutsim split ").split()
    assert run(capsys, *again)[1] == out


def test_what_is_printed_to_repeat_it_repeats_it(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--data-plane", "haproxy/random", "--weight", "50", "--clients", "ka10", "--requests", "500", "--latency", "5ms", "--workers", "3")
    _, out, _ = run(capsys, *given, "--canary-latency", "20ms")
    assert "another load gives another share" in out
    assert run(capsys, *out.splitlines()[-1].removeprefix("repeat:  rolloutsim split ").split())[1] == out
