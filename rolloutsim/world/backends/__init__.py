"""What data planes read from the cluster: routing objects and EndpointSlices only, never the Rollout's status. One module a router."""

from rolloutsim.world.backends.alb import last_change_s as last_change_s
from rolloutsim.world.backends.istio import virtual_service as virtual_service
from rolloutsim.world.backends.known import Known as Known
from rolloutsim.world.backends.known import Read as Read
from rolloutsim.world.backends.known import one_service as one_service
from rolloutsim.world.backends.nginx import canary_ingress as canary_ingress
from rolloutsim.world.backends.reading import reading as reading
from rolloutsim.world.backends.request import Request as Request
