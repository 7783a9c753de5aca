"""The watch of deployment: its rules by name."""

from services.deployment.watch.coming import arrival_overdue, crossing_not_begun
from services.deployment.watch.patrols import spot_unpatrolled
from services.deployment.watch.settings import DeploymentWatchSettings
from services.deployment.watch.silence import unit_silent
from services.deployment.watch.staying import left_post, off_post
from services.deployment.watch.strength import under_strength
from services.watch.rules import Watch

DEPLOYMENT_WATCH: Watch[DeploymentWatchSettings] = Watch(
    service="deployment",
    rules={
        "under_strength": under_strength,
        "arrival_overdue": arrival_overdue,
        "unit_silent": unit_silent,
        "left_post": left_post,
        "off_post": off_post,
        "spot_unpatrolled": spot_unpatrolled,
        "crossing_not_begun": crossing_not_begun,
    },
    reads=("deployment", "incidents"),
    kinds=frozenset({"unit", "post"}),
)
