"""`rolloutsim split`: the splitter alone."""

from __future__ import annotations

from typing import Annotated

import typer

from rolloutsim.cli.app import Json, Seed, app
from rolloutsim.cli.output import write_json


@app.command()
def split(
    data_plane: Annotated[str, typer.Option("--data-plane", metavar="NAME", help='Such as haproxy/leastconn or "kube-proxy/nftables 1/10".')],
    weight: Annotated[float | None, typer.Option("--weight", metavar="W", help="The canary's weight in percent.")] = None,
    clients: Annotated[str, typer.Option("--clients", metavar="POLICY", help="ka1, ka10 ... kept connections; ka10r100 renewed; new.")] = "ka1",
    requests: Annotated[int, typer.Option("--requests", metavar="N", help="How many requests.")] = 10_000,
    latency: Annotated[str, typer.Option("--latency", metavar="TIME", help="How long the pods take to answer: 5ms.")] = "0s",
    canary_latency: Annotated[str | None, typer.Option("--canary-latency", metavar="TIME", help="The same of the canary's pods.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="Workers of the proxy; what the name says by default.")] = None,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """Say what a data plane makes of a weight. Example: rolloutsim split --data-plane haproxy/random1 --weight 25 --clients ka10"""
    from rolloutsim.report.json_form import dumps
    from rolloutsim.report.split_screen import split_form, split_screen
    from rolloutsim.splitting import split as tried

    found = tried(
        data_plane,
        weight,
        clients,
        requests,
        seed=1 if seed is None else seed,
        latency=latency,
        canary_latency=canary_latency,
        workers=workers,
    )
    if json is not None:
        write_json(json, dumps(split_form(found)))
    if json != "-":
        typer.echo(split_screen(found), nl=False)
