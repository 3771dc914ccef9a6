"""One run's rows out of the platform as Parquet files: by Data Access, or through the Data Landing Zone."""

from runner.export.comparing import Comparison, compare
from runner.export.data_access import export_data_access
from runner.export.exported import Exported, read_card
from runner.export.landing_zone import export_landing_zone

__all__ = ["Comparison", "Exported", "compare", "export_data_access", "export_landing_zone", "read_card"]
