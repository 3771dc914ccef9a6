"""The audience on its way to a file destination: one dataflow per use case writes it to the landing zone.

The default costs nothing: the dataflow is triggered after the platform's daily evaluation. The run is then *pending*
until somebody reconciles it: an evaluation newer than the publish, the dataflow's run after it, and the delivered rows.
On demand is opt-in and counted against the quota (`runner.quota`).
"""

from runner.activation.on_demand import activate_now
from runner.activation.reconciling import reconcile_activation
from runner.activation.records import Activated, Activation, Pending
from runner.activation.requesting import request_activation

__all__ = ["Activated", "Activation", "Pending", "activate_now", "reconcile_activation", "request_activation"]
