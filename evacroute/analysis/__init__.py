"""What a plan tells those who plan: where more is worth most, who pays, what holds people back."""

from __future__ import annotations

from evacroute.analysis.fairness import Fairness, fairness
from evacroute.analysis.marginal import marginal_value
from evacroute.analysis.shortfall import Shortfall, explain_shortfall

__all__ = ["Fairness", "Shortfall", "explain_shortfall", "fairness", "marginal_value"]
