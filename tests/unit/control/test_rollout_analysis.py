"""AnalysisRuns of a canary where no recording plays them (spec/analysis.md 2, 3, 8, 9)."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.control import commands
from rolloutsim.manifest.analysis import Argument, RunArgument
from rolloutsim.manifest.analysis_arguments import ArgumentError, arguments
from rolloutsim.manifest.objects import AnalysisRun
from rolloutsim.scenario import Pods, Version
from rolloutsim.world.world import World
from tests.unit.control.worlds import do, image, reasons, rollout, service, sizes, world


def template(name: str, *metrics: dict[str, Any], kind: str = "AnalysisTemplate", **spec: Any) -> dict[str, Any]:
    named = [{"provider": {"web": {"url": "x"}}, "successCondition": "result > 0", **metric} for metric in metrics or ({"name": name},)]
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": {"metrics": named, **spec}}


def step(*names: str, **fields: Any) -> dict[str, Any]:
    return {"analysis": {"templates": [{"templateName": name} for name in names], **fields}}


def wait(made: World, seconds: float) -> None:
    made.advance(made.now_s + seconds)


def runs(made: World) -> dict[str, AnalysisRun]:
    """By the end of the name, behind the Rollout's name and the hash."""
    return {run.meta.name.split("-", 2)[2]: run for run in made.store.objects(AnalysisRun)}


GOOD, BAD = {"values": [[0, 1]]}, {"values": [[0, 0]]}


# --- background runs -----------------------------------------------------------------------------------------------------------------


def with_background(*values: Any, steps: list[dict[str, Any]], metric: dict[str, Any] | None = None, **fields: Any) -> World:
    background = {"templates": [{"templateName": "t"}], **fields}
    made = world(
        template("t", {"name": "t", "interval": "2s", **(metric or {})}),
        rollout({"canary": {"steps": steps, "analysis": background}}),
        *service("app"),
        metrics={"t": {"values": list(values)}},
    )
    image(made, "v2", 0.5)
    return made


def test_a_background_run_begins_before_any_canary_pod() -> None:
    made = with_background([0, 1], steps=[{"setWeight": 25}, {"pause": {}}])
    assert list(runs(made)) == ["2"]
    assert runs(made)["2"].meta.labels["rollout-type"] == "Background"


def test_starting_step_holds_the_background_run_back() -> None:
    made = with_background([0, 1], steps=[{"setWeight": 25}, {"pause": {"duration": "4s"}}, {"setWeight": 50}, {"pause": {}}], startingStep=2)
    wait(made, 4.0)
    assert runs(made) == {}
    wait(made, 4.0)
    assert list(runs(made)) == ["2"]


def test_a_starting_step_beyond_the_last_never_begins() -> None:
    made = with_background([0, 0], steps=[{"setWeight": 25}, {"pause": {"duration": "1s"}}], startingStep=5)
    wait(made, 15.0)
    assert (made.rollout.status.phase, runs(made)) == ("Healthy", {})


def test_a_background_run_is_stopped_by_the_promotion() -> None:
    made = with_background([0, 1], steps=[{"setWeight": 50}, {"pause": {"duration": "3s"}}])
    wait(made, 15.0)
    run = runs(made)["2"]
    assert (made.rollout.status.phase, run.spec.terminate, run.status.phase, run.status.message) == ("Healthy", True, "Successful", "Run Terminated")
    assert made.rollout.status.background_run is None


def test_a_background_run_aborts_in_the_middle_of_a_pause() -> None:
    made = with_background([0, 1], [6, 0], steps=[{"setWeight": 25}, {"pause": {}}])
    wait(made, 10.0)
    text = 'Background analysis phase error/failed: Metric "t" assessed Failed due to failed (1) > failureLimit (0)'
    assert made.rollout.status.message == f"RolloutAborted: Rollout aborted update to revision 2: {text}"
    assert sizes(made) == {"v1": 4, "v2": 0}


def test_a_background_run_goes_on_while_a_user_pauses() -> None:
    made = with_background([0, 1], steps=[{"setWeight": 25}, {"pause": {}}])
    do(made, commands.pause(made.rollout))
    before = runs(made)["2"].status.result("t")
    wait(made, 6.0)
    after = runs(made)["2"].status.result("t")
    assert before is not None and after is not None and after.count >= before.count + 2


def test_a_new_image_forgets_the_run_and_begins_another() -> None:
    made = with_background([0, 1], steps=[{"setWeight": 25}, {"pause": {}}])
    image(made, "v3", 1.0)
    assert {name: run.spec.terminate for name, run in runs(made).items()} == {"2": True, "3": False}


def test_a_background_run_that_has_succeeded_is_kept_and_not_begun_again() -> None:
    made = with_background([0, 1], steps=[{"setWeight": 25}, {"pause": {"duration": "6s"}}, {"setWeight": 50}, {"pause": {}}], metric={"count": 2})
    wait(made, 14.0)
    assert {name: run.status.phase for name, run in runs(made).items()} == {"2": "Successful"}
    assert made.rollout.status.background_run is not None and made.rollout.status.message == "CanaryPauseStep"


def test_a_background_run_may_abort_behind_the_last_step() -> None:
    """17.22: until stableRS is the new hash, while the last pods come up."""
    background = {"templates": [{"templateName": "t"}]}
    made = world(
        template("t", {"name": "t", "interval": "1s"}),
        rollout({"canary": {"steps": [{"setWeight": 25}], "analysis": background}}),
        *service("app"),
        metrics={"t": {"values": [[0, 1], [9, 0]]}},
        versions={"v2": Version(pods=Pods(start=6.0, stop=1.0))},
    )
    image(made, "v2", 8.0)
    assert made.rollout.status.current_step_index == 1
    wait(made, 3.0)
    assert made.rollout.status.message.startswith("RolloutAborted: Rollout aborted update to revision 2: Background analysis phase error/failed")


# --- runs of steps -------------------------------------------------------------------------------------------------------------------


def test_leaving_an_analysis_step_ends_its_run_whatever_it_finds() -> None:
    made = world(
        template("t", {"name": "t", "interval": "3s", "count": 5}),
        rollout({"canary": {"steps": [step("t"), {"pause": {}}]}}),
        *service("app"),
        metrics={"t": {"values": [[0, 1], [4, 0]]}},
    )
    image(made, "v2", 1.0)
    do(made, commands.promote(made.rollout))
    wait(made, 8.0)
    run = runs(made)["2-0"]
    assert (run.spec.terminate, run.status.phase, made.rollout.status.message) == (True, "Successful", "CanaryPauseStep")


def test_two_analysis_steps_in_a_row() -> None:
    made = world(template("t"), rollout({"canary": {"steps": [step("t"), step("t"), {"pause": {}}]}}), *service("app"), metrics={"t": GOOD})
    image(made, "v2", 3.0)
    assert {name: run.status.phase for name, run in runs(made).items()} == {"2-0": "Successful", "2-1": "Successful"}
    assert runs(made)["2-1"].meta.labels["step-index"] == "1"
    assert made.rollout.status.current_step_index == 2


def test_an_abort_keeps_no_run_going_and_a_retry_begins_anew() -> None:
    made = world(
        template("t", {"name": "t", "interval": "10s", "count": 3}),
        rollout({"canary": {"steps": [step("t"), {"pause": {}}]}}),
        *service("app"),
        metrics={"t": GOOD},
    )
    image(made, "v2", 1.0)
    do(made, commands.abort(made.rollout))
    wait(made, 1.0)
    do(made, commands.retry(made.rollout))
    wait(made, 1.0)
    assert {name: run.spec.terminate for name, run in runs(made).items()} == {"2-0": True, "2-0.1": False}


def test_the_history_keeps_so_many_of_each_outcome() -> None:
    """9, FilterAnalysisRunsToDelete: newest first, counted apart; runs that the status names do not count."""
    made = world(
        template("t"),
        rollout(
            {"canary": {"steps": [step("t")]}},
            analysis={"successfulRunHistoryLimit": 2, "unsuccessfulRunHistoryLimit": 1},
        ),
        *service("app"),
        metrics={"t": {"values": [[0, 1], [26, 0]]}},
    )
    for tag in ("v2", "v3", "v4", "v5"):
        image(made, tag, 7.0)
    assert sorted(runs(made)) == ["4-0", "5-0"]
    for tag in ("v6", "v7", "v8"):
        image(made, tag, 7.0)
    assert sorted(name for name, run in runs(made).items() if run.status.phase == "Successful") == ["4-0", "5-0"]
    assert len([run for run in runs(made).values() if run.status.phase == "Failed"]) <= 2


def test_dry_run_by_regular_expression_and_retention() -> None:
    """4 and 8: `rate` fits success-rate; the newest measurements are kept, counters are not touched; the last rule wins."""
    made = world(
        template(
            "t",
            {"name": "success-rate", "interval": "1s", "count": 6, "failureLimit": 6},
            {"name": "other", "interval": "1s", "count": 6},
            dryRun=[{"metricName": "rate"}],
            measurementRetention=[{"metricName": ".*", "limit": 4}, {"metricName": "^other$", "limit": 2}],
        ),
        rollout({"canary": {"steps": [step("t"), {"pause": {}}]}}),
        *service("app"),
        metrics={"success-rate": BAD, "other": GOOD},
    )
    image(made, "v2", 9.0)
    run = runs(made)["2-0"]
    rate, other = run.status.result("success-rate"), run.status.result("other")
    assert rate is not None and other is not None
    assert (run.status.phase, rate.dry_run, other.dry_run) == ("Successful", True, False)
    assert (len(rate.measurements), len(other.measurements), rate.failed, other.count) == (4, 2, 6, 6)


def test_a_dry_run_rule_that_is_no_expression_breaks_the_run() -> None:
    made = world(
        template("t", dryRun=[{"metricName": "*"}]),
        rollout({"canary": {"steps": [step("t"), {"pause": {}}]}}),
        *service("app"),
        metrics={"t": GOOD},
    )
    image(made, "v2", 1.0)
    run = runs(made)["2-0"]
    assert (run.status.phase, run.status.message) == ("Error", "Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)")
    assert (run.status.started_s, run.status.completed_s) == (None, None)


def test_events_of_a_run() -> None:
    made = world(template("t"), rollout({"canary": {"steps": [step("t"), {"pause": {}}]}}), *service("app"), metrics={"t": GOOD})
    image(made, "v2", 2.0)
    said = [(h.event.on, h.event.reason, h.event.message) for h in made.record.events]
    name = next(iter(made.store.objects(AnalysisRun))).meta.name
    assert ("AnalysisRun", "MetricSuccessful", "Metric 't' Completed. Result: Successful") in said
    assert ("AnalysisRun", "AnalysisRunSuccessful", "Analysis Completed. Result: Successful") in said
    last = f"Step Analysis Run '{name}' Status New: 'Successful' Previous: ''"
    assert any(text in (last, last.replace("''", "'Running'")) for _, _, text in said)
    assert "RolloutStepCompleted" in reasons(made)


# --- templates and arguments ---------------------------------------------------------------------------------------------------------


def test_templates_of_both_kinds_are_merged_depth_first() -> None:
    """3: namespaced metrics first, each template once, names repeated in both kinds are two templates."""
    inner = template("inner", {"name": "c"})
    outer = template("outer", {"name": "a"}, templates=[{"templateName": "inner"}, {"templateName": "both", "clusterScope": True}])
    cluster = template("both", {"name": "d"}, kind="ClusterAnalysisTemplate", templates=[{"templateName": "inner"}])
    made = world(
        inner,
        outer,
        cluster,
        rollout({"canary": {"steps": [step("outer", "inner"), {"pause": {}}]}}),
        *service("app"),
        metrics=dict.fromkeys("acd", GOOD),
    )
    image(made, "v2", 2.0)
    assert [metric["name"] for metric in runs(made)["2-0"].spec.metrics] == ["a", "c", "d"]


@pytest.mark.parametrize(
    ("templates", "text"),
    [
        ([template("x", {"name": "m"}), template("y", {"name": "m"})], "two metrics have the same name 'm'"),
        (
            [template("x", args=[{"name": "a", "value": "1"}]), template("y", args=[{"name": "a", "value": "2"}])],
            "Argument `a` specified multiple times with different values: '1', '2'",
        ),
        ([template("x", args=[{"name": "a"}]), template("y")], "args.a was not resolved"),
        (
            [template("x", dryRun=[{"metricName": "x"}]), template("y", dryRun=[{"metricName": "x"}])],
            "two Dry-Run metric rules have the same name 'x'",
        ),
    ],
)
def test_templates_that_do_not_fit_together_are_an_invalid_spec(templates: list[dict[str, Any]], text: str) -> None:
    made = world(
        *templates, rollout({"canary": {"steps": [step("x", "y")]}}), *service("app"), metrics={"x": GOOD, "y": GOOD, "m": GOOD}, healthy=False
    )
    wait(made, 2.0)
    assert made.rollout.status.phase == "Degraded"
    assert made.rollout.status.message.startswith("InvalidSpec:") and text in made.rollout.status.message


def test_arguments_of_a_rollout() -> None:
    """2: plain values, hashes, fields; what the template does not declare vanishes, an empty entry overrides a default."""
    declared: list[dict[str, Any]] = [{"name": n} for n in ("latest", "stable", "name", "step")]
    declared += [{"name": "plain", "value": "3"}]  # without a default the count would not be known to be finite
    declared += [{"name": "default", "value": "kept"}, {"name": "emptied", "value": "gone"}]
    declared += [{"name": "secret", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]
    given = [
        {"name": "plain", "value": "5"},
        {"name": "latest", "valueFrom": {"podTemplateHashValue": "Latest"}},
        {"name": "stable", "valueFrom": {"podTemplateHashValue": "Stable"}},
        {"name": "name", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "step", "valueFrom": {"fieldRef": {"fieldPath": "spec.strategy.canary.steps[0].setWeight"}}},
        {"name": "emptied"},
        {"name": "undeclared", "value": "x"},
        {"name": "secret", "value": "not this"},
    ]
    metric = {"name": "t", "interval": "{{ args.plain }}s", "count": "{{args.plain}}"}
    made = world(
        template("t", metric, args=declared),
        rollout({"canary": {"steps": [{"setWeight": 25}, step("t", args=given), {"pause": {}}]}}),
        *service("app"),
        metrics={"t": GOOD},
    )
    image(made, "v2", 8.0)
    run = runs(made)["2-1"]
    values = {argument.name: argument.value for argument in run.spec.args}
    status = made.rollout.status
    assert values == {
        "plain": "5",
        "latest": status.current_pod_hash,
        "stable": status.stable_rs,
        "name": "app",
        "step": "25",
        "default": "kept",
        "emptied": "",
        "secret": "not this",
    }
    assert next(a for a in run.spec.args if a.name == "secret").value_from is not None  # and it wins when measured
    found = run.status.result("t")
    assert found is not None and found.count == 2  # 0 and 5 s: the interval is an argument


FIELDS = {
    "metadata.labels['none']": "",
    "metadata.annotations['rollout.argoproj.io/revision']": "2",
    "spec.replicas": "4",
    "spec.strategy.canary.steps[1].pause.duration": "10s",
    "spec.template.spec.containers[0].image": "app:v2",
    "status.phase": "Paused",
    "status.pauseConditions[0].reason": "CanaryPauseStep",
    "status.HPAReplicas": "4",
    "metadata.foo": ArgumentError("unsupported fieldPath: metadata.foo"),
    "spec.paused": ArgumentError("invalid path spec.paused in rollout"),  # false is left out of JSON
    "spec.replicas.x": ArgumentError("invalid path spec.replicas.x in rollout"),
    "spec.strategy.canary.steps[9].setWeight": ArgumentError("index 9 out of range"),
    "spec.strategy.canary.steps[x].setWeight": ArgumentError("invalid index 'x'"),
    "spec.strategy": ArgumentError("path spec.strategy in rollout must terminate in a primitive value"),
}


def paused() -> World:
    made = world(rollout({"canary": {"steps": [{"setWeight": 25}, {"pause": {"duration": "10s"}}]}}), *service("app"))
    image(made, "v2", 3.0)
    return made


@pytest.mark.parametrize("path", list(FIELDS))
def test_fields_of_the_rollout_as_arguments(path: str) -> None:
    made, expected = paused(), FIELDS[path]
    asked = [RunArgument("a", value_from={"fieldRef": {"fieldPath": path}})]
    if isinstance(expected, ArgumentError):
        with pytest.raises(ArgumentError) as caught:
            arguments(asked, made.rollout, new_hash="n", stable_hash="s")
        assert str(caught.value) == str(expected)
    else:
        assert arguments(asked, made.rollout, new_hash="n", stable_hash="s") == [Argument("a", expected)]


def test_numbers_are_printed_as_go_does() -> None:
    template_ = {
        "metadata": {"labels": {"app": "app"}},
        "spec": {"terminationGracePeriodSeconds": 1000000, "containers": [{"name": "app", "image": "app:v1"}]},
    }
    made = world(rollout({"canary": {}}, template=template_), *service("app"))
    asked = [RunArgument("a", value_from={"fieldRef": {"fieldPath": "spec.template.spec.terminationGracePeriodSeconds"}})]
    assert arguments(asked, made.rollout, new_hash="n", stable_hash="s")[0].value == "1e+06"


def test_only_the_last_bad_path_counts() -> None:
    made = paused()
    bad, good = ({"fieldRef": {"fieldPath": path}} for path in ("spec.none", "spec.replicas"))
    found = arguments([RunArgument("a", value_from=bad), RunArgument("b", value_from=good)], made.rollout, new_hash="n", stable_hash="s")
    assert [argument.value for argument in found] == ["", "4"]
    with pytest.raises(ArgumentError, match=r"invalid path spec\.none in rollout"):
        arguments([RunArgument("b", value_from=good), RunArgument("a", value_from=bad)], made.rollout, new_hash="n", stable_hash="s")
