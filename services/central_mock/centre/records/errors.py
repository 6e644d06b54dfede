"""Why a record is not accepted, told apart by `type`, because the office must act differently on each."""

from shared.problems import Conflict, InvalidInput


class PacketNotWhole(InvalidInput):
    """The packet's bytes are not those the envelope describes: damaged on the way, send it again."""

    type, title = "packet-not-whole", "Packet not whole"


class RecordRejected(InvalidInput):
    """The record itself can't be accepted, however often it is sent."""

    type, title = "record-rejected", "Record rejected"


class KeyTaken(Conflict):
    """The centre holds another record under this key."""

    type, title = "key-taken", "Key taken by other bytes"
