"""The table of faults: what falls how often, for how long, and what it has to itself meanwhile."""

from tests.chaos.faults import brokers, console, network, power, processes, stores
from tests.chaos.faults.acting import Kind

TABLE: tuple[Kind, ...] = (
    Kind("killed", 4.0, (0.2, 3.0), processes.services, processes.Killed),
    Kind("frozen", 2.5, (0.5, 4.0), processes.services, processes.Frozen),
    Kind("lease expires", 2.0, (1.0, 3.0), processes.lease_holders, processes.LeaseExpires),
    Kind("broker killed", 1.2, (0.2, 2.0), brokers.the_broker, brokers.BrokerKilled, pause=9.0),
    Kind("broker frozen", 1.0, (1.0, 6.0), brokers.the_broker, brokers.BrokerFrozen),
    Kind("memory alarm", 1.0, (1.0, 6.0), brokers.the_broker, brokers.MemoryAlarm),
    Kind("queue deleted", 1.0, (0.5, 1.0), brokers.queues, brokers.queue_deleted, pause=4.0),
    Kind("queue broken", 0.6, (0.5, 1.0), brokers.queues, brokers.queue_broken, pause=9.0),
    Kind("unrouted", 0.6, (0.5, 1.0), brokers.queues, brokers.unrouted, pause=4.0),
    Kind("consumers cancelled", 1.0, (0.5, 1.0), brokers.queues, brokers.consumers_cancelled, pause=2.0),
    Kind("connections closed", 1.0, (0.5, 1.0), brokers.the_broker, brokers.connections_closed),
    Kind("way cut", 1.0, (0.3, 4.0), network.hops_with("Cut"), network.BadWay),
    Kind("way stalled", 1.0, (0.3, 5.0), network.hops_with("Stall"), network.BadWay),
    Kind("way slow", 1.0, (1.0, 5.0), network.hops_with("Slow"), network.BadWay),
    Kind("answers lost", 2.0, (0.5, 4.0), network.hops_with("LoseAnswers"), network.BadWay),
    Kind("answers swallowed", 1.0, (0.5, 3.0), network.hops_with("Swallow"), network.BadWay),
    Kind("reset in the middle", 1.0, (0.5, 3.0), network.hops_with("ResetAfter"), network.BadWay),
    Kind("way unanswered", 0.7, (0.5, 4.0), network.hops_with("Unanswered"), network.Unreachable),
    Kind("way reset", 1.0, (0.1, 0.5), network.hops_with(""), network.AllReset),
    Kind("database locked", 1.5, (0.3, 4.0), stores.databases, stores.Locked),
    Kind("postgres killed", 1.5, (0.2, 1.5), stores.the_server, stores.ServerKilled, pause=1.0),
    Kind("postgres frozen", 0.7, (0.3, 3.0), stores.the_server, stores.ServerFrozen),
    Kind("disk full", 1.2, (0.5, 4.0), stores.small_disks, stores.DiskFull),
    Kind("power cut", 1.5, (0.2, 3.0), power.parts, power.PowerCut, pause=1.0),
    Kind("broker without power", 0.6, (0.2, 2.0), power.the_broker, power.PowerCut, pause=9.0),
    Kind("office without power", 0.8, (0.5, 4.0), power.offices, power.PowerCut, pause=9.0),
    Kind("clock jump", 1.5, (0.5, 4.0), stores.clocks, stores.ClockJump),
    Kind("centre's socket", 3.0, (1.0, 4.0), console.rules(console.SOCKET), console.Rules),
    Kind("centre's http", 3.0, (1.0, 4.0), console.rules(console.HTTP), console.Rules),
    Kind("centre's meaning", 4.0, (1.0, 4.0), console.rules(console.MEANING), console.Rules),
)
BY_NAME = {kind.name: kind for kind in TABLE}
