"""Bad input of every kind ends in InputError: all problems at once, each with place, found, rule and remedy, and nothing that a terminal obeys."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutsim.errors import InputError
from rolloutsim.manifest.scenario_file import load_scenario

ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: app}
spec:
  replicas: 3
  selector: {matchLabels: {app: app}}
  strategy:
    canary:
      steps: [{setWeight: 25}, {pause: {}}]
  template:
    metadata: {labels: {app: app}}
    spec: {containers: [{name: app, image: "app:v1"}]}
"""
SERVICE = "---\napiVersion: v1\nkind: Service\nmetadata: {name: app}\nspec: {selector: {app: app}, ports: [{port: 80}]}\n"
SCENARIO = """\
---
apiVersion: rolloutsim.dev/v1alpha1
kind: Scenario
metadata: {name: s}
spec:
  traffic: {to: service/app, rate: 10/s}
  timeline: [{at: 5s, setImage: {app: "app:v2"}}]
"""
TEMPLATE = """\
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: t}
spec: {metrics: [{name: ok, provider: {web: {url: "http://x"}}}]}
"""
VIRTUAL_SERVICE = """\
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs}
spec: {hosts: [a], http: [{match: [%s], route: [{destination: {host: nobody}}]}]}
"""
TRAEFIK = "---\napiVersion: traefik.io/v1alpha1\nkind: TraefikService\nmetadata: {name: t}\nspec: {%s}\n"
WHOLE = ROLLOUT + SERVICE + SCENARIO

BAD = {
    "tabs": (WHOLE.replace("  replicas", "\treplicas"), "tabs"),
    "duplicate key": (WHOLE.replace("  replicas: 3", "  replicas: 3\n  replicas: 4"), "second time"),
    "python tag": (WHOLE.replace("replicas: 3", "replicas: !!python/object:os.system {}"), "tag"),
    "python name": (WHOLE.replace("replicas: 3", "replicas: !!python/name:os.system x"), "tag"),
    "list for mapping": (WHOLE.replace("metadata: {name: app}\nspec:\n  replicas", "metadata: [a]\nspec:\n  replicas"), "mapping"),
    "mapping for list": (WHOLE.replace("[{setWeight: 25}, {pause: {}}]", "{setWeight: 25}"), 'unknown field "spec.strategy.canary.steps.setWeight"'),
    "NaN rate": (WHOLE.replace("rate: 10/s", "rate: .nan"), "finite"),
    "infinite rate": (WHOLE.replace("rate: 10/s", "rate: .inf"), "finite"),
    "negative rate": (WHOLE.replace("rate: 10/s", "rate: -5"), "not negative"),
    "negative duration": (WHOLE.replace("at: 5s", "at: -5s"), "not negative"),
    "endless duration": (WHOLE.replace("  timeline", "  duration: 999999d\n  timeline"), "30 days"),
    "a billion replicas": (WHOLE.replace("replicas: 3", "replicas: 1000000000"), "at most 20,000"),
    "too large a number": (WHOLE.replace("replicas: 3", "replicas: 99999999999"), "less than or equal to 2147483647"),
    "text for number": (WHOLE.replace("replicas: 3", "replicas: three"), "a whole number"),
    "unknown kind": (WHOLE + "---\napiVersion: v1\nkind: Rollercoaster\nmetadata: {name: x}\n", "unknown kind"),
    "two rollouts": (WHOLE + "---\n" + ROLLOUT.replace("name: app}", "name: other}"), "second Rollout"),
    "no rollout": (SERVICE + SCENARIO, "no Rollout"),
    "no service": (ROLLOUT + SCENARIO, "no such Service"),
    "no scenario": (ROLLOUT + SERVICE, "no Scenario"),
    "two scenarios": (WHOLE + SCENARIO, "second Scenario"),
    "no revision": (WHOLE.replace('setImage: {app: "app:v2"}', "setImage: {}"), "no revision"),
    "metric without source": (WHOLE + TEMPLATE, "nothing for metric ok of t"),
    "metric that nobody asks for": (WHOLE + "  metrics: {ok: {values: [[0s, 1]]}, no: {values: [[0s, 1]]}}\n" + TEMPLATE, "no AnalysisTemplate has this metric (ok)"),
    "two sources": (WHOLE + "  metrics: {ok: {values: [[0s, 1]], requests: {}}}\n" + TEMPLATE, "2 sources"),
    "outcomes that lack": (WHOLE + "  metrics: {ok: {outcomes: {Failed: 50%}}}\n" + TEMPLATE, "probabilities sum to 1"),
    "values that go back": (WHOLE + "  metrics: {ok: {values: [[5s, 1], [0s, 1]]}}\n" + TEMPLATE, "times that go back"),
    "a quantile beyond": (WHOLE + "  metrics: {ok: {latency: {quantile: p101}}}\n" + TEMPLATE, "a quantile is p95"),
    "turns out of order": (WHOLE + "  versions: {v2: {turns: [{after: 9s, over: 5s, errorRate: 1%}, {after: 10s, errorRate: 0}]}}\n", "over (14 s)"),
    "bad pods like others": (WHOLE + "  versions: {v2: {badPods: {oneIn: 3}}}\n", "bad pods differ"),
    "flaps and crashes": (WHOLE + "  cluster: {pods: {flaps: {ready: 9s, unready: 1s}, crashes: {after: 5s}}}\n", "flaps together with crashes"),
    "headers that nobody reads": (WHOLE.replace("rate: 10/s", "headers: {X: v}, rate: 10/s"), "nobody between a client and a Service"),
    "a header's bad expression": (WHOLE.replace("{pause: {}}", "{setHeaderRoute: {match: [{headerName: X, headerValue: {regex: '('}}]}}"), "RE2"),
    "a host of nobody": (WHOLE.replace("service/app", "ingress/a.example"), "no router's object has this host (none)"),
    "neither a Service nor a host": (WHOLE.replace("service/app", "pod/app"), "ingress/HOST[/PATH] or service/NAME"),
    "a condition that is not simulated": (WHOLE + VIRTUAL_SERVICE % "{queryParams: {a: {exact: b}}}", "the condition queryParams"),
    "a condition of the wrong type": (WHOLE + VIRTUAL_SERVICE % "{headers: {a: b}}", "a mapping of exact, prefix or regex"),
    "a condition's bad expression": (WHOLE + VIRTUAL_SERVICE % "{uri: {regex: '['}}", "RE2"),
    "a route to a Service that is not there": (WHOLE.replace("service/app", "ingress/a") + VIRTUAL_SERVICE % "{uri: {exact: /}}", "leads to Service nobody"),
    "a router's object of the wrong type": (WHOLE + VIRTUAL_SERVICE.replace("[a]", "[1]") % "{}", "a whole number (1); hosts[0] is text"),
    "a TraefikService that mirrors": (WHOLE + TRAEFIK % "mirroring: {name: app}", "a TraefikService that mirrors"),
    "a TraefikService without a name": (WHOLE + TRAEFIK % "weighted: {services: [{weight: 1}]}", "name is required"),
    "a router's unknown field": (WHOLE.replace("steps:", "trafficRouting: {nginx: {ingress: x}}\n      steps:"), 'unknown field "spec.strategy.canary.trafficRouting.nginx.ingress"'),
    "endless scrapes": (WHOLE + "  cluster: {scrape: 0s}\n", "at least 0.1 s"),
    "no rate": (WHOLE.replace("rate: 10/s", "arrivals: poisson"), "rate is required here"),
    "arrivals of no shape": (WHOLE.replace("10/s", "10/s, arrivals: {}"), "arrivals have exactly one"),
    "an impossible sine": (WHOLE.replace("10/s", "10/s, arrivals: {diurnal: {peakToMean: 3}}"), "less than or equal to 2"),
    "bursts without length": (WHOLE.replace("10/s", "10/s, arrivals: {bursts: {on: 0s, off: 1s}}"), "longer than 0 s"),
    "endless bursts": (WHOLE.replace("10/s", "10/s, arrivals: {bursts: {on: 1ms, off: {exponential: 1ms}}}"), "at most 1,000,000 bursts"),
    "bursts beyond their share": (WHOLE.replace("10/s", "10/s, arrivals: {bursts: {on: 1s, off: 1s, peakToMean: 3}}"), "at most 2"),
    "spikes that overlap": (WHOLE.replace("10/s", "10/s, arrivals: {spikes: [{at: 1s, lasts: 5s, times: 2}, {at: 2s, lasts: 1s, times: 2}]}"), "is over (6 s)"),
    "a trace that goes back": (WHOLE.replace("rate: 10/s", "arrivals: {trace: {times: [3s, 1s]}}"), "1 s after 3 s"),
    "a trace without a file": (WHOLE.replace("rate: 10/s", "arrivals: {trace: {file: none.csv}}"), "none.csv: no such file"),
    "a trace and a rate": (WHOLE.replace("10/s", "10/s, arrivals: {trace: {times: [1s]}}"), "says itself"),
    "overload and bursts": (
        WHOLE.replace("10/s", "10/s, arrivals: {bursts: {on: 1s, off: 1s}}") + "  versions: {v2: {overload: {above: 5, errorRate: 1}}}\n",
        "steady rate",
    ),
    "a lag of two shapes": (WHOLE + "  cluster: {ingress: {uniform: {low: 1, high: 2}, exponential: 1s}}\n", "exactly one"),
    "a mechanism of nothing": (WHOLE + "  cluster: {kubeProxy: {}}\n", "an empty mechanism"),
    "an endless poll": (WHOLE + "  cluster: {proxy: {poll: 0s}}\n", "at most each 0.001 s"),
    "a mechanism unheard of": (WHOLE + "  cluster: {proxy: {pol: 1s}}\n", "Did you mean poll?"),
    "unknown container": (WHOLE.replace('setImage: {app: "app:v2"}', 'setImage: {web: "app:v2"}'), "no such container"),
    "no deed": (WHOLE.replace(', setImage: {app: "app:v2"}', ""), "exactly one thing"),
    "no when": (WHOLE.replace("at: 5s, ", ""), "says when"),
    "unknown field": (WHOLE.replace("replicas: 3", "replica: 3"), "Did you mean replicas?"),
    "unknown scenario field": (WHOLE.replace("  timeline", "  timelime"), "Did you mean timeline?"),
    "not simulated": (WHOLE.replace("spec: {selector: {app: app}, ports", "spec: {sessionAffinity: ClientIP, selector: {app: app}, ports"), "not simulated yet"),
    "a step plugin unsaid": (WHOLE.replace("{pause: {}}", "{plugin: {name: a/x}}"), "For example a/x: {phase: Successful, after: 30s}"),
    "an edit's plugin unsaid": (WHOLE.replace('setImage: {app: "app:v2"}', "edit: {spec: {strategy: {canary: {steps: [{plugin: {name: x}}]}}}}"), "nothing for step plugin"),
    "a plugin unheard of": (WHOLE + "  plugins: {y: {after: 1s}}\n", "no step of the canary names this plugin"),
    "a plugin misspelt": (WHOLE.replace("{pause: {}}", "{plugin: {name: x}}") + "  plugins: {X: {after: 1s}}\n", "names this plugin (x)"),
    "a plugin that takes less than nothing": (WHOLE.replace("{pause: {}}", "{plugin: {name: x}}") + "  plugins: {x: {after: -1s}}\n", "not negative"),
    "a plugin that errs less than never": (WHOLE.replace("{pause: {}}", "{plugin: {name: x}}") + "  plugins: {x: {errors: -1}}\n", "greater than or equal to 0"),
    "a plugin's phase": (WHOLE.replace("{pause: {}}", "{plugin: {name: x}}") + "  plugins: {x: {phase: Running}}\n", "phase"),
    "a plugin without a name": (WHOLE.replace("{pause: {}}", "{plugin: {config: {}}}"), "name"),
    "no instant": (WHOLE.replace("replicas: 3", "replicas: 3\n  restartAt: tomorrow"), "the API server would refuse it"),
    "an instant that Go does not read": (WHOLE.replace("replicas: 3", "replicas: 3\n  restartAt: 2026-01-01t00:00:00z"), "RFC 3339"),
    "an edit's instant": (WHOLE.replace('setImage: {app: "app:v2"}', "edit: {spec: {restartAt: 2026-02-30T00:00:00Z}}"), "RFC 3339"),
    "weight over 100": (WHOLE.replace("setWeight: 25", "setWeight: 101"), "SetWeight needs to be between 0 and 100"),
    "empty step": (WHOLE.replace("{pause: {}}", "{pause: null}"), "Step must have one of the following set"),
    "bad pause": (WHOLE.replace("{pause: {}}", "{pause: {duration: 1d}}"), "Duration needs to be greater than 0"),
    "both zero": (WHOLE.replace("      steps", "      maxSurge: 0\n      maxUnavailable: 0\n      steps"), "both can not be zero"),
    "selector": (WHOLE.replace("{matchLabels: {app: app}}", "{matchLabels: {app: web}}"), "`selector` does not match template `labels`"),
    "syntax": (WHOLE.replace("replicas: 3", "replicas: [3"), "not valid YAML"),
    "control characters": (WHOLE.replace("name: app}\nspec:\n  replicas", 'name: "a\\e[31mb"}\nspec:\n  replicas').replace("replicas: 3", "replicas: x"), "a whole number"),
    "deep nesting": (WHOLE.replace('image: "app:v1"', "image: " + "[" * 500 + "]" * 500), "nested too deeply"),
    "scalar document": (WHOLE + "---\n42\n", "no mapping"),
    "empty": ("", "empty file"),
    "version typo": (WHOLE + "  versions: {v9: {errorRate: 1%}}\n", "that is deployed"),
    "error rate": (WHOLE + "  versions: {v2: {errorRate: 150%}}\n", "between 0 and 100"),
    "two ways to end": (WHOLE + "  duration: 5m\n  until: {phase: Healthy}\n", "one way"),
    "start instant": (WHOLE + "  start: {at: yesterday}\n", "RFC 3339"),
    "latency": (WHOLE + "  versions: {v2: {latency: {p50: 2s, p99: 1s}}}\n", "p50 <= p99"),
    "expectation": (WHOLE + "  expect: [{share: {of: nobody}}]\n", "of"),
    "too many requests": (WHOLE.replace("10/s", "1000000/s"), "detail: counts"),
}  # fmt: skip


def problems_of(tmp_path: Path, text: str | bytes, *overrides: str) -> list[str]:
    path = tmp_path / "scenario.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError) as raised:
        load_scenario([path], overrides)
    for problem in raised.value.problems:
        assert problem.found
        assert problem.rule
        assert problem.remedy
        assert str(problem.place)
        assert all(c.isprintable() or c == "\n" for c in str(problem))
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize("case", list(BAD))
def test_is_refused_with_all_its_words(case: str, tmp_path: Path) -> None:
    text, words = BAD[case]
    found = problems_of(tmp_path, text)
    assert any(words in problem for problem in found), found


def test_the_whole_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    for text in (WHOLE, "\ufeff" + WHOLE, WHOLE.replace("\n", "\r\n"), "---\n---\n" + WHOLE + "---\n"):
        path.write_bytes(text.encode())
        assert load_scenario([path]).spec.traffic[0].rate == 10


def test_exploding_aliases(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert "written out" in problems_of(tmp_path, "\n".join(lines))[0]
    assert "nested too deeply" in problems_of(tmp_path, "a: &a [*a]\n")[0]


def test_anchors_and_merges_are_read(tmp_path: Path) -> None:
    text = WHOLE.replace("  replicas: 3", "  replicas: &n 3").replace("metadata: {labels: {app: app}}", "metadata: {labels: &l {app: app}}")
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    assert load_scenario([path]).objects.rollout.spec.replicas == 3


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\xff\xfe\x00a", b"caf\xe9: 1\n"])
def test_binary(tmp_path: Path, data: bytes) -> None:
    assert "binary" in problems_of(tmp_path, data)[0]


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "no scenario.yaml")):
        with pytest.raises(InputError, match=words):
            load_scenario([path])
    with pytest.raises(InputError, match="no such file"):
        load_scenario(["-x\0y"] if False else [tmp_path / "a" / "b"])


def test_all_problems_at_once_with_their_lines(tmp_path: Path) -> None:
    text = (
        WHOLE.replace("replicas: 3", "replicas: three").replace("10/s", "ten").replace("{port: 80}", "{port: 80}], sessionAffinity: ClientIP, x: [1")
    )
    found = problems_of(tmp_path, text)
    assert len(found) >= 3
    assert any("scenario.yaml:5 spec.replicas" in problem for problem in found)
    assert any("scenario.yaml:23 spec.traffic" in problem for problem in found), found


@pytest.mark.parametrize(
    ("override", "words"),
    [("nothing", "PATH=VALUE"), ("spec.nowhere.x=1", "no document"), ("metadata.name=x", "documents have this path"), ("Rollout/other:spec.replicas=1", "no document"), ("Rollout:spec.replicas=[", "a value is YAML")],
)  # fmt: skip
def test_bad_overrides(tmp_path: Path, override: str, words: str) -> None:
    assert any(words in problem for problem in problems_of(tmp_path, WHOLE, override))


def test_good_overrides(tmp_path: Path) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(WHOLE)
    scenario = load_scenario([path], ["Rollout/app:spec.replicas=5", "spec.strategy.canary.steps[0].setWeight=40", "seed=9"])
    rollout = scenario.objects.rollout
    assert (rollout.spec.replicas, rollout.spec.strategy.canary.steps[0].set_weight, scenario.spec.seed) == (5, 40, 9)
