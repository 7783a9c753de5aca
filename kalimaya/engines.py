"""Where a command finds Kafka and the read model: as it was told, or those of `kalimaya up` on this machine.

How one gets in is said by the same variables as for the services (KALIMAYA_KAFKA_SECURITY and so on).
"""

import typer
from pydantic import ValidationError

from kalimaya.settings import Settings
from services.kit.kafka_access import KafkaAccess
from services.kit.ledger.log import Unavailable
from services.kit.process import told_settings
from services.kit.settings import KafkaSettings


def kafka(named: str | None, option: str = "--kafka") -> KafkaAccess:
    """The Kafka at this bootstrap address, or the embedded one. Ends the command when nobody could get in so.

    `option`: the one that named it.
    """
    try:
        access = KafkaSettings(kafka=named or Settings().bootstrap).access
        access.aiokafka()
    except ValidationError as error:
        raise typer.BadParameter(told_settings(error), param_hint=option) from error
    except Unavailable as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
    return access
