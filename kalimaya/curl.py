"""The commands that `kalimaya up` prints, to be pasted into a shell; each with a token of this installation."""

import shlex

PUBLISHER, READER = "polres-serang", "posko-serang"
"""The principals whose tokens the two commands carry."""


def publish(gateway_url: str, token: str) -> str:
    """A command that publishes a position of a unit and prints its outcome; a new message each time it is pasted."""
    message = (
        '{"specversion":"1.0","id":"\'"$(date +%s%N)"\'","source":"curl","type":"kalimaya.unit.sighted",'
        '"data":{"unit":"polres-serang-001","lat":-6.12,"lon":106.15,"accuracy":8.0}}'
    )
    return (
        f"curl -sS {gateway_url}/v1/messages {_as(token)} "
        "-H 'Content-Type: application/cloudevents+json' -H 'Prefer: wait=5' "
        f"-d '{message}'"
    )


def read(picture_url: str, token: str) -> str:
    """A command that prints the picture as the principal with this token sees it."""
    return f"curl -sS {picture_url}/v1/picture {_as(token)}"


def _as(token: str) -> str:
    return f"-H {shlex.quote('Authorization: Bearer ' + token)}"
