"""From customer events in Adobe Experience Platform to propensity scores and audiences."""
