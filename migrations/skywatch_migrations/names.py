"""What classes, modules and the package were called before.

The rules follow each other: ``weatherlog.records:Reading`` becomes ``weatherlog.observations:
Observation`` (release 3), and that becomes ``skywatch.observations:Observation`` (release 4).
"""

from pickle_migrate import Lineage
from pickle_migrate.registry import DEFAULT

# Release 3 gave four classes better names, and split records into codes and observations.
DEFAULT.rename("weatherlog.records:Reading", "weatherlog.observations:Observation")
DEFAULT.rename("weatherlog.records:RainReading", "weatherlog.observations:RainObservation")
DEFAULT.rename("weatherlog.records:Moment", "weatherlog.observations:ObsTime")
DEFAULT.rename("weatherlog.records:Blank", "weatherlog.observations:Gap")
DEFAULT.rename("weatherlog.records:Sky", "weatherlog.codes:Sky")
DEFAULT.rename("weatherlog.records:Quality", "weatherlog.codes:Quality")
DEFAULT.rename("weatherlog.config:Settings", "weatherlog.config:Preferences")
DEFAULT.rename("weatherlog.records", "weatherlog.observations")

# Release 4 renamed the package, and the module network.
DEFAULT.rename("weatherlog.network", "weatherlog.places")
DEFAULT.rename("weatherlog", "skywatch")

# Release 5 gathered the instruments in one module and renamed two classes. Who writes what release
# 4.1 can read needs to know up to which version the old names were true.
Lineage("skywatch.instruments:Sensor").renamed_from("skywatch.places:Sensor", until=1)
Lineage("skywatch.instruments:Thermometer").renamed_from("skywatch.places:Thermometer", until=1)
Lineage("skywatch.instruments:Calibration").renamed_from(
    "skywatch.calibration:Calibration", until=2
)
Lineage("skywatch.places:StationNetwork").renamed_from("skywatch.places:Network", until=1)
Lineage("skywatch.places:StationId").renamed_from("skywatch.places:StationNumber", until=1)

# And it exchanged two names. Each old name is true for version 1 only.
Lineage("skywatch.summaries:Digest").renamed_from("skywatch.summaries:Bulletin", until=1)
Lineage("skywatch.summaries:Bulletin").renamed_from("skywatch.summaries:Digest", until=1)
