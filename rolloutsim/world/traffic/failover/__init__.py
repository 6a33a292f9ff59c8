"""What a proxy does with a failed try, by software: what it says to the client, where it tries again, which pods it passes over."""

from rolloutsim.world.traffic.failover.passing import living as living
from rolloutsim.world.traffic.failover.passing import passes_over as passes_over
from rolloutsim.world.traffic.failover.proxy import Proxy as Proxy
from rolloutsim.world.traffic.failover.software import Refusal as Refusal
from rolloutsim.world.traffic.failover.software import Software as Software
from rolloutsim.world.traffic.failover.software import configured_by as configured_by
from rolloutsim.world.traffic.failover.software import failover_of as failover_of
from rolloutsim.world.traffic.failover.software import in_words as in_words
from rolloutsim.world.traffic.failover.software import is_trivial as is_trivial
from rolloutsim.world.traffic.failover.software import refusal_of as refusal_of
from rolloutsim.world.traffic.failover.software import software_of as software_of
