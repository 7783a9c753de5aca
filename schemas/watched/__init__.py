"""The rules that are watched, in the words that operators read; their parameters are settings of each service's watch.

The watches break them down into code (`services/<name>/watch`), the API shows these words beside each alert.
"""

from schemas.types import AlertRule
from schemas.watched import deployment, incidents, logistics
from schemas.watched.rule import Watched

WATCHED: dict[AlertRule, Watched] = {
    each.rule: each for each in (*deployment.RULES, *logistics.RULES, *incidents.RULES)
}
