"""What the harness says to a RabbitMQ node in the node's own language: 3 ms where `rabbitmqctl` takes half a second."""

import os
import subprocess
import time
from string import Template

from shared.messaging.node import BrokerFailed, BrokerNode

ANSWERS_WITHIN = 10.0
CONNECTS_WITHIN = 2.0
POLL = 0.05

_QUEUE = """case rabbit_amqqueue:lookup(rabbit_misc:r(<<"$vhost">>, queue, <<"$queue">>)) of {ok, Q} -> """
DELETE_QUEUE = Template(
    _QUEUE + """begin {ok, _} = rabbit_amqqueue:delete(Q, false, false, <<"harness">>), 1 end; _ -> 0 end"""
)
# Its leader's state is gone and stays gone; the queue can still be declared.
BREAK_QUEUE = Template(
    _QUEUE + """begin ok = ra:force_delete_server(quorum_queues, amqqueue:get_pid(Q)), 1 end; _ -> 0 end"""
)
# As if it had no leader: who asks it waits.
SUSPEND_QUEUE = Template(_QUEUE + """begin ok = sys:suspend(amqqueue:get_pid(Q)), 1 end; _ -> 0 end""")
# The figures of `list_queues` are five seconds old; these are now.
DEPTH = Template(_QUEUE + "element(2, rabbit_amqqueue:stat(Q)); _ -> -1 end")
# Its binding to the default exchange can't be taken away.
UNBIND = Template(
    _QUEUE + """length([rabbit_binding:remove(B, fun(_, _) -> ok end, <<"harness">>) ||"""
    """ B <- rabbit_binding:list_for_destination(amqqueue:get_name(Q)),"""
    """ element(2, B) =/= rabbit_misc:r(<<"$vhost">>, exchange, <<>>)]); _ -> 0 end"""
)
# The channel hears that the client cancelled; without the second the client goes on believing in its consumer.
_CANCEL = "rabbit_channel:do(element(1, C), {'basic.cancel', element(2, C), true})"
_TELL = "rabbit_channel:send_command(element(1, C), {'basic.cancel', element(2, C), true})"
_EACH_CONSUMER = " || C <- rabbit_amqqueue:consumers(Q)]); _ -> 0 end"
CANCEL_CONSUMERS = Template(f"{_QUEUE}length([begin {_CANCEL}, {_TELL} end{_EACH_CONSUMER}")
LOSE_CONSUMERS = Template(f"{_QUEUE}length([{_CANCEL}{_EACH_CONSUMER}")
CLOSE_CONNECTIONS = (
    """length([rabbit_networking:close_connection(P, "harness") || P <- rabbit_networking:connections()])"""
)
MAKE_VHOST = Template(
    """rabbit_vhost:add(<<"$vhost">>, <<"harness">>), rabbit_auth_backend_internal:set_permissions("""
    """<<"guest">>, <<"$vhost">>, <<".*">>, <<".*">>, <<".*">>, <<"harness">>)"""
)
DROP_VHOST = Template("""rabbit_vhost:delete(<<"$vhost">>, <<"harness">>)""")
SET_MEMORY_LIMIT = Template("vm_memory_monitor:set_vm_memory_high_watermark($share)")
ALARMS = "rabbit_alarm:get_alarms()"


def ask(node: BrokerNode, expression: str) -> str:
    """What the node answers, as Erlang writes it. Raises BrokerFailed, also when the node is frozen."""
    if not node.is_running():
        raise BrokerFailed("there is no node")
    cookie = (node.home / "home" / ".erlang.cookie").read_text()
    environment = dict(os.environ) | {"ERL_EPMD_PORT": str(node.name_server_port)}
    deadline = time.monotonic() + CONNECTS_WITHIN
    while (done := _call(cookie, f"{expression}.\n", environment)).stderr and time.monotonic() < deadline:
        time.sleep(POLL)  # a call that was given up a moment ago may stand in the way
    if not done.stdout.startswith("{ok, "):
        raise BrokerFailed(f"{expression}: {done.stdout or done.stderr}")
    return done.stdout.removeprefix("{ok, ").removesuffix("}")


def _call(cookie: str, said: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            ["erl_call", "-n", "ektp@localhost", "-c", cookie, "-e"], input=said, env=environment,
            capture_output=True, text=True, timeout=ANSWERS_WITHIN, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise BrokerFailed("the node does not answer") from error
